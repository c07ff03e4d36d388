// Matrix products of cuBLASLt: D = act(alpha op(A) op(B) + beta C + bias), column-major. What the
// documentation demands of the arguments, then plain loops, queued on the stream of the call.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/emulator/cublaslt/descriptors.h"

using namespace masktwins::emulator;

namespace {

constexpr cublasStatus_t invalid = CUBLAS_STATUS_INVALID_VALUE, unsupported = CUBLAS_STATUS_NOT_SUPPORTED;

struct Product {
  MatmulOperation operation;
  MatrixLayout a, b, c, d;
  int64_t m, n, k;
  bool has_bias, has_gelu;
};

void require_matrix(const MatrixLayout& layout, const char* name) {
  number_type(layout.type);
  if (layout.rows == 0 || layout.columns == 0) refuse(invalid, name, " is empty");
  if (layout.leading < static_cast<int64_t>(layout.rows))
    refuse(invalid, name, " has ", layout.rows, " rows and a leading dimension of ", layout.leading);
  if (layout.batch < 1) refuse(invalid, name, " has a batch of ", layout.batch);
}

// The descriptors of one call, found to describe one product.
Product checked(cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d) {
  Product p{live<MatmulOperation>(operation, "the operation"),
            live<MatrixLayout>(a, "A"),
            live<MatrixLayout>(b, "B"),
            live<MatrixLayout>(c, "C"),
            live<MatrixLayout>(d, "D"),
            0,
            0,
            0,
            false,
            false};
  require_matrix(p.a, "A");
  require_matrix(p.b, "B");
  require_matrix(p.c, "C");
  require_matrix(p.d, "D");
  const bool transposes_a = p.operation.a != CUBLAS_OP_N, transposes_b = p.operation.b != CUBLAS_OP_N;
  p.m = static_cast<int64_t>(transposes_a ? p.a.columns : p.a.rows);
  p.k = static_cast<int64_t>(transposes_a ? p.a.rows : p.a.columns);
  p.n = static_cast<int64_t>(transposes_b ? p.b.rows : p.b.columns);
  const int64_t b_depth = static_cast<int64_t>(transposes_b ? p.b.columns : p.b.rows);
  if (p.k != b_depth) refuse(invalid, "op(A) has ", p.k, " columns, op(B) ", b_depth, " rows");
  for (const MatrixLayout* result : {&p.c, &p.d})
    if (static_cast<int64_t>(result->rows) != p.m || static_cast<int64_t>(result->columns) != p.n)
      refuse(invalid, "C and D must be ", p.m, " x ", p.n);
  if (p.a.batch != p.d.batch || p.b.batch != p.d.batch || p.c.batch != p.d.batch)
    refuse(invalid, "the batches of the matrices differ");
  if (p.a.type != p.b.type || p.a.type != p.c.type || p.a.type != p.d.type)
    refuse(unsupported, "the emulated cuBLASLt multiplies matrices of one type");
  if (p.operation.compute_type != CUBLAS_COMPUTE_32F || p.operation.scale_type != CUDA_R_32F)
    refuse(unsupported, "the emulated cuBLASLt computes and scales in float, without TF32");
  p.has_bias = (p.operation.epilogue & CUBLASLT_EPILOGUE_BIAS) != 0;
  p.has_gelu = (p.operation.epilogue & CUBLASLT_EPILOGUE_GELU) != 0;
  if ((p.operation.epilogue & ~(CUBLASLT_EPILOGUE_DEFAULT | CUBLASLT_EPILOGUE_GELU_BIAS)) != 0)
    refuse(unsupported, "the emulated cuBLASLt knows the epilogues of bias and GELU");
  return p;
}

// What the stand-in keeps in an algorithm: that it is one, what it needs, and for which product it was
// chosen.
struct Algorithm {
  uint64_t mark, shape, workspace, alignment;
};
constexpr uint64_t algorithm_mark = 0x6d61736b7477696e;
static_assert(sizeof(Algorithm) <= sizeof(cublasLtMatmulAlgo_t));

uint64_t shape_of(const Product& p) {
  uint64_t hash = 1469598103934665603;  // FNV-1a
  const auto add = [&](auto value) { hash = (hash ^ static_cast<uint64_t>(value)) * 1099511628211; };
  for (const MatrixLayout* layout : {&p.a, &p.b, &p.c, &p.d}) {
    add(layout->type);
    add(layout->leading);
    add(layout->batch);
    add(layout->batch_stride);
  }
  add(p.m);
  add(p.n);
  add(p.k);
  add(p.operation.a);
  add(p.operation.b);
  add(p.operation.epilogue);
  return hash;
}

// One matrix of a call in device memory.
struct Array {
  std::byte* bytes = nullptr;
  MatrixLayout layout;

  int64_t count() const {
    return (layout.batch - 1) * layout.batch_stride +
           (static_cast<int64_t>(layout.columns) - 1) * layout.leading + static_cast<int64_t>(layout.rows);
  }
  std::vector<float> values() const { return read_numbers(bytes, number_type(layout.type), count()); }
};

void require_aligned(const void* pointer, uint64_t alignment, const char* name) {
  if (pointer == nullptr) refuse(invalid, name, " is null");
  if (reinterpret_cast<uint64_t>(pointer) % alignment != 0)
    refuse(invalid, name, " is not aligned to ", alignment, " bytes, as the algorithm needs");
}

Array array(const void* pointer, const MatrixLayout& layout, uint64_t alignment, const char* name) {
  require_aligned(pointer, alignment, name);
  Array result{nullptr, layout};
  const int64_t bytes = result.count() * bytes_of(number_type(layout.type));
  result.bytes = device_bytes("cublasLtMatmul", pointer, bytes);
  if (result.bytes == nullptr)
    refuse(CUBLAS_STATUS_EXECUTION_FAILED, name, " is not ", bytes, " bytes of device memory");
  return result;
}

float gelu_tanh(float v) { return 0.5f * v * (1 + std::tanh(0.7978845608f * (v + 0.044715f * v * v * v))); }

void multiply(const Product& p, const Array& a, const Array& b, const Array& c, const Array& d,
              const std::vector<float>& bias, float alpha, float beta) {
  const auto at = [](int64_t index) { return static_cast<std::size_t>(index); };
  const std::vector<float> a_values = a.values(), b_values = b.values();
  const std::vector<float> c_values = beta != 0 ? c.values() : std::vector<float>();
  std::vector<float> d_values = d.values();  // what lies between the columns stays
  const int64_t a_row = p.operation.a == CUBLAS_OP_N ? 1 : p.a.leading;
  const int64_t a_column = p.operation.a == CUBLAS_OP_N ? p.a.leading : 1;
  const int64_t b_row = p.operation.b == CUBLAS_OP_N ? 1 : p.b.leading;
  const int64_t b_column = p.operation.b == CUBLAS_OP_N ? p.b.leading : 1;
  for (int64_t z = 0; z < p.d.batch; ++z)
    for (int64_t j = 0; j < p.n; ++j)
      for (int64_t i = 0; i < p.m; ++i) {
        float sum = 0;
        for (int64_t q = 0; q < p.k; ++q)
          sum += a_values[at(z * p.a.batch_stride + i * a_row + q * a_column)] *
                 b_values[at(z * p.b.batch_stride + q * b_row + j * b_column)];
        sum *= alpha;
        if (beta != 0) sum += beta * c_values[at(z * p.c.batch_stride + j * p.c.leading + i)];
        if (p.has_bias) sum += bias[at(i)];
        d_values[at(z * p.d.batch_stride + j * p.d.leading + i)] = p.has_gelu ? gelu_tanh(sum) : sum;
      }
  write_numbers(d.bytes, number_type(p.d.type), d_values);
}

}  // namespace

// One algorithm: with 16-byte accesses where all matrices allow them, and with the partial sums of a split
// product in the workspace where the preferences allow those.
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference_handle, int requested,
                                              cublasLtMatmulHeuristicResult_t results[], int* returned) {
  return cublaslt_call([&] {
    require_live(handle);
    if (requested <= 0 || results == nullptr || returned == nullptr)
      refuse(invalid, "room for ", requested, " algorithms");
    const MatmulPreference& preference = live<MatmulPreference>(preference_handle, "the preference");
    const Product p = checked(operation, a, b, c, d);
    const uint32_t given = std::min(
        {preference.a_alignment, preference.b_alignment, preference.c_alignment, preference.d_alignment});
    const uint64_t split = static_cast<uint64_t>(p.m * p.n * 4);
    const bool splits = p.k >= 64 && split <= preference.workspace &&
                        (preference.reductions & CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE) != 0;
    const Algorithm algorithm{algorithm_mark, shape_of(p), splits ? split : 0, std::min(given, 16u)};
    results[0] = {};
    std::memcpy(&results[0].algo, &algorithm, sizeof algorithm);
    results[0].workspaceSize = algorithm.workspace;
    results[0].state = CUBLAS_STATUS_SUCCESS;
    *returned = 1;
  });
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation, const void* alpha,
                              const void* a_data, cublasLtMatrixLayout_t a, const void* b_data,
                              cublasLtMatrixLayout_t b, const void* beta, const void* c_data,
                              cublasLtMatrixLayout_t c, void* d_data, cublasLtMatrixLayout_t d,
                              const cublasLtMatmulAlgo_t* algorithm_data, void* workspace, size_t bytes,
                              cudaStream_t stream) {
  return cublaslt_call([&] {
    require_live(handle);
    const Product p = checked(operation, a, b, c, d);
    if (alpha == nullptr || beta == nullptr) refuse(invalid, "alpha or beta is null");
    if (algorithm_data == nullptr)
      refuse(unsupported, "without an algorithm cuBLASLt chooses one at each call; ask for one and keep it");
    Algorithm algorithm;
    std::memcpy(&algorithm, algorithm_data, sizeof algorithm);
    if (algorithm.mark != algorithm_mark) refuse(invalid, "an algorithm that no heuristic gave");
    if (algorithm.shape != shape_of(p)) refuse(invalid, "an algorithm chosen for another product");
    if (c_data == d_data && p.c.leading != p.d.leading)
      refuse(invalid, "C and D share memory and differ in their layouts");
    const Array a_array = array(a_data, p.a, algorithm.alignment, "A");
    const Array b_array = array(b_data, p.b, algorithm.alignment, "B");
    const Array c_array = array(c_data, p.c, algorithm.alignment, "C");
    const Array d_array = array(d_data, p.d, algorithm.alignment, "D");
    if (bytes < algorithm.workspace)
      refuse(invalid, "a workspace of ", bytes, " bytes, ", algorithm.workspace, " are needed");
    std::byte* space = nullptr;
    if (algorithm.workspace > 0) {
      require_aligned(workspace, 16, "the workspace");
      space = device_bytes("cublasLtMatmul", workspace, static_cast<int64_t>(algorithm.workspace));
      if (space == nullptr) refuse(CUBLAS_STATUS_EXECUTION_FAILED, "the workspace is not device memory");
    }
    const std::byte* bias = nullptr;
    const NumberType type = number_type(p.d.type);
    if (p.has_bias) {
      if (p.operation.bias == nullptr) refuse(invalid, "the epilogue adds a bias, and its pointer is null");
      bias = device_bytes("cublasLtMatmul", p.operation.bias, p.m * bytes_of(type));
      if (bias == nullptr)
        refuse(CUBLAS_STATUS_EXECUTION_FAILED, "the bias is not ", p.m, " numbers of device memory");
    }
    const float alpha_value = *static_cast<const float*>(alpha),
                beta_value = *static_cast<const float*>(beta);
    const cudaError_t queued = queue_work("cublasLtMatmul", stream, [=] {
      std::fill_n(space, algorithm.workspace, std::byte{0xff});  // it is the call's to overwrite
      multiply(p, a_array, b_array, c_array, d_array,
               p.has_bias ? read_numbers(bias, type, p.m) : std::vector<float>(), alpha_value, beta_value);
    });
    if (queued != cudaSuccess)
      refuse(CUBLAS_STATUS_EXECUTION_FAILED, "the stream refused it: ", cudaGetErrorString(queued));
  });
}
