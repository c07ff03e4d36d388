// The stand-in for cuBLASLt: what it refuses, and what it computes.
#include <cublasLt.h>
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "tests/emulator/device_array.h"
#include "tests/emulator/emulated.h"

using namespace masktwins::tests;
using masktwins::emulator::FindingKind;

namespace {

constexpr cublasStatus_t ok = CUBLAS_STATUS_SUCCESS, invalid = CUBLAS_STATUS_INVALID_VALUE,
                         unsupported = CUBLAS_STATUS_NOT_SUPPORTED;

// D (6 x 5) = op(A) (6 x 80) · op(B) (80 x 5), column-major, A transposed in memory.
struct Setup {
  static constexpr int m = 6, n = 5, k = 80;
  cublasLtHandle_t handle;
  cublasLtMatmulDesc_t operation;
  cublasLtMatrixLayout_t a, b, d;
  cublasLtMatmulPreference_t preference;
  cublasLtMatmulHeuristicResult_t result{};
  int results = 0;

  Setup() {
    REQUIRE(cublasLtCreate(&handle) == ok);
    REQUIRE(cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F) == ok);
    set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
    REQUIRE(cublasLtMatrixLayoutCreate(&a, CUDA_R_32F, k, m, k) == ok);
    REQUIRE(cublasLtMatrixLayoutCreate(&b, CUDA_R_32F, k, n, k) == ok);
    REQUIRE(cublasLtMatrixLayoutCreate(&d, CUDA_R_32F, m, n, m) == ok);
    REQUIRE(cublasLtMatmulPreferenceCreate(&preference) == ok);
    const uint64_t workspace = 4096;
    REQUIRE(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                                 &workspace, sizeof workspace) == ok);
  }
  ~Setup() {
    cublasLtMatmulPreferenceDestroy(preference);
    for (cublasLtMatrixLayout_t layout : {a, b, d}) cublasLtMatrixLayoutDestroy(layout);
    cublasLtMatmulDescDestroy(operation);
    cublasLtDestroy(handle);
  }
  template <class Value>
  void set(cublasLtMatmulDescAttributes_t attribute, Value value) {
    REQUIRE(cublasLtMatmulDescSetAttribute(operation, attribute, &value, sizeof value) == ok);
  }
  void replace(cublasLtMatrixLayout_t& layout, cudaDataType_t type, uint64_t rows, uint64_t columns,
               int64_t leading) {
    cublasLtMatrixLayoutDestroy(layout);
    REQUIRE(cublasLtMatrixLayoutCreate(&layout, type, rows, columns, leading) == ok);
  }
  cublasStatus_t choose(int requested = 1) {
    return cublasLtMatmulAlgoGetHeuristic(handle, operation, a, b, d, d, preference, requested, &result,
                                          &results);
  }
};

void check_refused(cublasStatus_t actual, cublasStatus_t expected, const std::string& reason) {
  CHECK(actual == expected);
  const std::string text = cublasLtGetStatusString(actual);
  INFO(text);
  CHECK(text.find(reason) != std::string::npos);
}

std::vector<float> integers(std::size_t count, int step) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(static_cast<int>(i) * step % 11 - 5);
  return values;
}

}  // namespace

TEST_CASE("cuBLASLt stand-in refuses wrong handles and attributes") {
  const EmulatedDevice device;
  Setup s;
  const float wrong_size = 0;
  check_refused(cublasLtCreate(nullptr), invalid, "no place");
  check_refused(cublasLtDestroy(nullptr), CUBLAS_STATUS_NOT_INITIALIZED, "never created");
  check_refused(cublasLtMatmulDescDestroy(nullptr), invalid, "null");
  check_refused(
      cublasLtMatmulDescSetAttribute(s.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &wrong_size, 4), invalid,
      "8 bytes was given 4");
  check_refused(cublasLtMatmulDescSetAttribute(s.operation, CUBLASLT_MATMUL_DESC_TRANSC, &wrong_size, 4),
                unsupported, "attribute");
  check_refused(cublasLtMatrixLayoutSetAttribute(s.a, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, nullptr, 4),
                invalid, "attribute");
  check_refused(cublasLtMatrixLayoutSetAttribute(s.a, CUBLASLT_MATRIX_LAYOUT_PLANE_OFFSET, &wrong_size, 4),
                unsupported, "attribute");
  check_refused(
      cublasLtMatmulPreferenceSetAttribute(s.preference, CUBLASLT_MATMUL_PREF_IMPL_MASK, &wrong_size, 4),
      unsupported, "attribute");
  cublasLtMatrixLayout_t destroyed;
  cublasLtMatrixLayoutCreate(&destroyed, CUDA_R_32F, 1, 1, 1);
  cublasLtMatrixLayoutDestroy(destroyed);
  check_refused(cublasLtMatrixLayoutDestroy(destroyed), invalid, "destroyed");
}

TEST_CASE("cuBLASLt stand-in refuses descriptors that do not fit together") {
  const EmulatedDevice device;
  Setup s;
  CHECK(s.choose() == ok);
  CHECK(s.results == 1);
  CHECK(s.result.workspaceSize == 6 * 5 * 4);
  check_refused(s.choose(0), invalid, "algorithms");
  s.replace(s.b, CUDA_R_32F, 79, 5, 79);
  check_refused(s.choose(), invalid, "op(A) has 80 columns, op(B) 79 rows");
  s.replace(s.b, CUDA_R_32F, 80, 5, 79);
  check_refused(s.choose(), invalid, "leading dimension");
  s.replace(s.b, CUDA_R_16F, 80, 5, 80);
  check_refused(s.choose(), unsupported, "one type");
  s.replace(s.b, CUDA_R_8I, 80, 5, 80);
  check_refused(s.choose(), unsupported, "float, half and bfloat16");
  s.replace(s.b, CUDA_R_32F, 80, 0, 80);
  check_refused(s.choose(), invalid, "empty");
  s.replace(s.b, CUDA_R_32F, 80, 5, 80);
  const int32_t batch = 2, none = 0;
  cublasLtMatrixLayoutSetAttribute(s.b, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch, sizeof batch);
  check_refused(s.choose(), invalid, "batches");
  cublasLtMatrixLayoutSetAttribute(s.b, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &none, sizeof none);
  check_refused(s.choose(), invalid, "batch of 0");
  s.replace(s.b, CUDA_R_32F, 80, 5, 80);
  s.replace(s.d, CUDA_R_32F, 7, 5, 7);
  check_refused(s.choose(), invalid, "C and D must be 6 x 5");
  s.replace(s.d, CUDA_R_32F, 6, 5, 6);
  s.set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_RELU_BIAS);
  check_refused(s.choose(), unsupported, "epilogues");
  s.set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_DEFAULT);
  cublasLtMatmulDesc_t tf32;
  cublasLtMatmulDescCreate(&tf32, CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F);
  const cublasOperation_t transposed = CUBLAS_OP_T;
  cublasLtMatmulDescSetAttribute(tf32, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed);
  check_refused(cublasLtMatmulAlgoGetHeuristic(s.handle, tf32, s.a, s.b, s.d, s.d, s.preference, 1, &s.result,
                                               &s.results),
                unsupported, "TF32");
  cublasLtMatmulDescDestroy(tf32);
}

TEST_CASE("cuBLASLt stand-in refuses wrong memory and algorithms") {
  const EmulatedDevice device;
  Setup s;
  REQUIRE(s.choose() == ok);
  const DeviceArray<float> a(6 * 80 + 4), b(80 * 5), d(6 * 5 + 1), workspace(64);
  const float one = 1, zero = 0;
  const auto multiply = [&](const float* a_data, float* d_data, const cublasLtMatmulAlgo_t* algorithm,
                            void* space, size_t bytes) {
    return cublasLtMatmul(s.handle, s.operation, &one, a_data, s.a, b.data(), s.b, &zero, d_data, s.d, d_data,
                          s.d, algorithm, space, bytes, nullptr);
  };
  CHECK(multiply(a.data(), d.data(), &s.result.algo, workspace.data(), 256) == ok);
  check_refused(multiply(a.data(), d.data(), nullptr, workspace.data(), 256), unsupported,
                "without an algorithm");
  check_refused(multiply(a.data(), d.data(), &s.result.algo, workspace.data(), 119), invalid,
                "120 are needed");
  check_refused(multiply(a.data(), d.data(), &s.result.algo, workspace.data() + 1, 200), invalid, "16 bytes");
  check_refused(multiply(a.data() + 1, d.data(), &s.result.algo, workspace.data(), 256), invalid,
                "A is not aligned");
  check_refused(multiply(nullptr, d.data(), &s.result.algo, workspace.data(), 256), invalid, "A is null");
  const cublasLtMatmulAlgo_t made_up{};
  check_refused(multiply(a.data(), d.data(), &made_up, workspace.data(), 256), invalid, "no heuristic");
  cudaDeviceSynchronize();
  CHECK(kinds_found().empty());
  check_refused(multiply(a.data(), d.data() + 4, &s.result.algo, workspace.data(), 256),
                CUBLAS_STATUS_EXECUTION_FAILED, "device memory");
  CHECK(kinds_found() == std::vector{FindingKind::out_of_bounds});
  s.set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
  check_refused(multiply(a.data(), d.data(), &s.result.algo, workspace.data(), 256), invalid,
                "another product");
  REQUIRE(s.choose() == ok);
  check_refused(multiply(a.data(), d.data(), &s.result.algo, workspace.data(), 256), invalid, "bias");
}

TEST_CASE("cuBLASLt stand-in multiplies batches with bias and GELU") {
  const EmulatedDevice device;
  Setup s;
  const int32_t batch = 2;
  const int64_t strides[] = {6 * 80, 0, 6 * 5};  // one B for both
  int i = 0;
  for (cublasLtMatrixLayout_t layout : {s.a, s.b, s.d}) {
    cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch, sizeof batch);
    cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &strides[i++], 8);
  }
  const std::vector<float> a = integers(2 * 6 * 80, 3), b = integers(80 * 5, 7), bias = integers(6, 2);
  const DeviceArray<float> a_device(a), b_device(b), d_device(integers(2 * 6 * 5, 5)), bias_device(bias),
      workspace(64);
  const float alpha = 1.0f / 64, two = 2;
  const auto run = [&](cublasLtEpilogue_t epilogue) {
    s.set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    s.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<const void*>(bias_device.data()));
    REQUIRE(s.choose() == ok);
    REQUIRE(cublasLtMatmul(s.handle, s.operation, &alpha, a_device.data(), s.a, b_device.data(), s.b, &two,
                           d_device.data(), s.d, d_device.data(), s.d, &s.result.algo, workspace.data(), 256,
                           nullptr) == ok);
    return d_device.values();
  };
  std::vector<float> expected = integers(2 * 6 * 5, 5);
  const auto step = [&](bool gelu) {
    for (std::size_t z = 0; z < 2; ++z)
      for (std::size_t j = 0; j < 5; ++j)
        for (std::size_t row = 0; row < 6; ++row) {
          float sum = 0;
          for (std::size_t q = 0; q < 80; ++q) sum += a[z * 480 + row * 80 + q] * b[j * 80 + q];
          float& d = expected[z * 30 + j * 6 + row];
          d = sum * alpha + two * d + bias[row];
          if (gelu) d = 0.5f * d * (1 + std::tanh(0.7978845608f * (d + 0.044715f * d * d * d)));
        }
  };
  step(false);
  CHECK(run(CUBLASLT_EPILOGUE_BIAS) == expected);
  step(true);
  const std::vector<float> actual = run(CUBLASLT_EPILOGUE_GELU_BIAS);
  for (std::size_t at = 0; at < actual.size(); ++at)
    CHECK(actual[at] == doctest::Approx(expected[at]).epsilon(1e-5));
}
