#include "kernels/vendor/cublaslt_matmul.h"

#include <cublasLt.h>

#include <array>
#include <bit>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/common/device_scratch.h"
#include "kernels/common/float16.h"
#include "kernels/common/lru_cache.h"
#include "kernels/common/stream.h"

namespace masktwins::kernels::cuda {
namespace {

void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(std::string("cuBLASLt: ") + call + ": " + cublasLtGetStatusString(status));
}

cublasLtHandle_t cublaslt_handle() {
  static const cublasLtHandle_t created = [] {
    cublasLtHandle_t handle = nullptr;
    check(cublasLtCreate(&handle), "cublasLtCreate");
    return handle;
  }();
  return created;
}

template <class T>
constexpr cudaDataType_t cublas_type() {
  if constexpr (std::is_same_v<T, bfloat16>) return CUDA_R_16BF;
  else if constexpr (std::is_same_v<T, float16>) return CUDA_R_16F;
  else return CUDA_R_32F;
}

template <class Handle, cublasStatus_t (*destroy)(Handle)>
class Descriptor {
 public:
  explicit Descriptor(Handle handle) : handle_(handle) {}
  ~Descriptor() {
    if (handle_ != nullptr) destroy(handle_);
  }
  Descriptor(Descriptor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  operator Handle() const { return handle_; }

 private:
  Handle handle_;
};
using Operation = Descriptor<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Layout = Descriptor<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Descriptor<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

template <class Value>
void set(cublasLtMatmulDesc_t operation, cublasLtMatmulDescAttributes_t attribute, const Value& value) {
  check(cublasLtMatmulDescSetAttribute(operation, attribute, &value, sizeof value),
        "cublasLtMatmulDescSetAttribute");
}
template <class Value>
void set(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t attribute, const Value& value) {
  check(cublasLtMatrixLayoutSetAttribute(layout, attribute, &value, sizeof value),
        "cublasLtMatrixLayoutSetAttribute");
}
template <class Value>
void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute,
         const Value& value) {
  check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value),
        "cublasLtMatmulPreferenceSetAttribute");
}

// cuBLASLt's matrices are column-major, so it computes C^T = op(B^T) · op(A^T): our row-major matrices are
// their column-major transposes, and the bias, one number per column of C, is its number per row.
struct Problem {
  int64_t m, n, k, batch, a_stride, b_stride, c_stride;
  bool a_transposed, b_transposed;
  cudaDataType_t type;
  cublasLtEpilogue_t epilogue;
  std::array<uint32_t, 4> alignments;  // of a, b, c and bias, in bytes
  auto operator<=>(const Problem&) const = default;
};

// Of what is at the address, at most the 256 bytes that cuBLASLt asks about.
uint32_t alignment(const void* address) {
  const auto bits = reinterpret_cast<std::uintptr_t>(address) | 256;
  return uint32_t{1} << std::countr_zero(bits);
}

template <class T>
Problem problem_of(const MatmulArgs<T>& args) {
  const bool gelu = args.activation == Activation::gelu_tanh;
  const cublasLtEpilogue_t epilogue = args.bias
                                          ? (gelu ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_BIAS)
                                          : (gelu ? CUBLASLT_EPILOGUE_GELU : CUBLASLT_EPILOGUE_DEFAULT);
  return {args.m,
          args.n,
          args.k,
          args.batch,
          args.a_stride,
          args.b_stride,
          args.c_stride,
          args.a_transposed,
          args.b_transposed,
          cublas_type<T>(),
          epilogue,
          {alignment(args.a), alignment(args.b), alignment(args.c), alignment(args.bias)}};
}

Operation make_operation(const Problem& p, const void* bias) {
  cublasLtMatmulDesc_t handle = nullptr;
  check(cublasLtMatmulDescCreate(&handle, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescCreate");
  Operation operation(handle);
  set(operation, CUBLASLT_MATMUL_DESC_TRANSA, p.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(operation, CUBLASLT_MATMUL_DESC_TRANSB, p.a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE, p.epilogue);
  if (bias != nullptr) set(operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  return operation;
}

// A column-major matrix without gaps, or a batch of them.
Layout make_layout(const Problem& p, int64_t rows, int64_t columns, int64_t stride) {
  cublasLtMatrixLayout_t handle = nullptr;
  check(cublasLtMatrixLayoutCreate(&handle, p.type, static_cast<uint64_t>(rows),
                                   static_cast<uint64_t>(columns), rows),
        "cublasLtMatrixLayoutCreate");
  Layout layout(handle);
  set(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<int32_t>(p.batch));
  set(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, stride);
  return layout;
}

struct Plan {
  Operation operation;
  Layout a, b, c;  // ours
  std::optional<cublasLtMatmulAlgo_t> algorithm;
  std::size_t workspace = 0;  // bytes
};

constexpr uint64_t most_workspace = uint64_t{32} << 20;

Plan make_plan(const Problem& p, const void* bias) {
  Plan plan{make_operation(p, bias),
            p.a_transposed ? make_layout(p, p.m, p.k, p.a_stride) : make_layout(p, p.k, p.m, p.a_stride),
            p.b_transposed ? make_layout(p, p.k, p.n, p.b_stride) : make_layout(p, p.n, p.k, p.b_stride),
            make_layout(p, p.n, p.m, p.c_stride),
            {},
            0};
  cublasLtMatmulPreference_t handle = nullptr;
  check(cublasLtMatmulPreferenceCreate(&handle), "cublasLtMatmulPreferenceCreate");
  const Preference preference(handle);
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, most_workspace);
  // Splits of a sum are kept and added in a step of their own, never in the order in which they come.
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, p.alignments[1]);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, p.alignments[0]);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, p.alignments[2]);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, p.alignments[2]);
  cublasLtMatmulHeuristicResult_t result{};
  int results = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
      cublaslt_handle(), plan.operation, plan.b, plan.a, plan.c, plan.c, preference, 1, &result, &results);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED) return plan;
  check(status, "cublasLtMatmulAlgoGetHeuristic");
  if (results == 0 || result.state != CUBLAS_STATUS_SUCCESS) return plan;
  plan.algorithm = result.algo;
  plan.workspace = result.workspaceSize;
  return plan;
}

LruCache<Problem, Plan>& plans() {
  static LruCache<Problem, Plan> cache(most_cublaslt_plans);
  return cache;
}

}  // namespace

template <class T>
bool cublaslt_matmul(const MatmulArgs<T>& args) {
  const Problem problem = problem_of(args);
  Plan& plan = plans().get(problem, [&] { return make_plan(problem, args.bias); });
  if (!plan.algorithm) return false;
  if (args.bias != nullptr)
    set(plan.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<const void*>(args.bias));
  const DeviceScratch<char> workspace(static_cast<int64_t>(plan.workspace));
  constexpr float one = 1, zero = 0;
  const cublasStatus_t status =
      cublasLtMatmul(cublaslt_handle(), plan.operation, &one, args.b, plan.b, args.a, plan.a, &zero, args.c,
                     plan.c, args.c, plan.c, &*plan.algorithm, workspace.data(), plan.workspace, stream());
  if (status == CUBLAS_STATUS_NOT_SUPPORTED) plan.algorithm.reset();  // nor for the next calls
  else check(status, "cublasLtMatmul");
  return plan.algorithm.has_value();
}

std::size_t cublaslt_plan_count() { return plans().size(); }

template bool cublaslt_matmul(const MatmulArgs<float>&);
template bool cublaslt_matmul(const MatmulArgs<bfloat16>&);
template bool cublaslt_matmul(const MatmulArgs<float16>&);

}  // namespace masktwins::kernels::cuda
