// Handles and descriptors of cuBLASLt (cuBLAS documentation, "Using the cuBLASLt API").
#include "kernels/emulator/cublaslt/descriptors.h"

#include <cstring>

namespace masktwins::emulator {

std::string& last_cublaslt_refusal() {
  thread_local std::string why;
  return why;
}

void require_live(cublasLtHandle_t handle) {
  if (handle == nullptr || !LiveObjects<cublasLtContext>::instance().contains(handle))
    refuse(CUBLAS_STATUS_NOT_INITIALIZED, "the handle was never created, or is destroyed");
}

NumberType number_type(cudaDataType_t type) {
  switch (type) {
    case CUDA_R_32F: return NumberType::float32;
    case CUDA_R_16F: return NumberType::float16;
    case CUDA_R_16BF: return NumberType::bfloat16;
    default: refuse(CUBLAS_STATUS_NOT_SUPPORTED, "the emulated cuBLASLt knows float, half and bfloat16 only");
  }
}
int64_t bytes_of(NumberType type) { return type == NumberType::float32 ? 4 : 2; }

namespace {

template <class Object>
void create(typename Object::Handle* handle, Object value) {
  if (handle == nullptr) refuse(CUBLAS_STATUS_INVALID_VALUE, "no place for the new descriptor");
  Object* object = LiveObjects<Object>::instance().create();
  *object = value;
  *handle = reinterpret_cast<typename Object::Handle>(object);
}

template <class Object>
cublasStatus_t destroy(typename Object::Handle handle, const char* name) {
  return cublaslt_call([&] { LiveObjects<Object>::instance().destroy(&live<Object>(handle, name)); });
}

// The value of an attribute; its size must be the attribute's own.
template <class Value>
void take(Value& value, const void* from, size_t bytes) {
  if (from == nullptr || bytes != sizeof value)
    refuse(CUBLAS_STATUS_INVALID_VALUE, "an attribute of ", sizeof value, " bytes was given ", bytes);
  std::memcpy(&value, from, bytes);
}

[[noreturn]] void unknown_attribute(int attribute) {
  refuse(CUBLAS_STATUS_NOT_SUPPORTED, "the emulated cuBLASLt does not know attribute ", attribute);
}

}  // namespace
}  // namespace masktwins::emulator

using namespace masktwins::emulator;

size_t cublasLtGetVersion() { return CUBLAS_VERSION; }

const char* cublasLtGetStatusString(cublasStatus_t status) {
  thread_local std::string text;
  switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "success";
    case CUBLAS_STATUS_NOT_INITIALIZED: text = "not initialised"; break;
    case CUBLAS_STATUS_INVALID_VALUE: text = "an invalid value"; break;
    case CUBLAS_STATUS_NOT_SUPPORTED: text = "not supported"; break;
    default: text = "execution failed"; break;
  }
  text += ": " + last_cublaslt_refusal();
  return text.c_str();
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  return cublaslt_call([&] {
    if (handle == nullptr) refuse(CUBLAS_STATUS_INVALID_VALUE, "no place for the new handle");
    *handle = LiveObjects<cublasLtContext>::instance().create();
  });
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  return cublaslt_call([&] {
    require_live(handle);
    LiveObjects<cublasLtContext>::instance().destroy(handle);
  });
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* operation, cublasComputeType_t compute_type,
                                        cudaDataType_t scale_type) {
  return cublaslt_call([&] {
    MatmulOperation created;
    created.compute_type = compute_type;
    created.scale_type = scale_type;
    create(operation, created);
  });
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t operation) {
  return destroy<MatmulOperation>(operation, "the operation");
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t handle,
                                              cublasLtMatmulDescAttributes_t attribute, const void* value,
                                              size_t bytes) {
  return cublaslt_call([&] {
    MatmulOperation& operation = live<MatmulOperation>(handle, "the operation");
    switch (attribute) {
      case CUBLASLT_MATMUL_DESC_TRANSA: return take(operation.a, value, bytes);
      case CUBLASLT_MATMUL_DESC_TRANSB: return take(operation.b, value, bytes);
      case CUBLASLT_MATMUL_DESC_EPILOGUE: return take(operation.epilogue, value, bytes);
      case CUBLASLT_MATMUL_DESC_BIAS_POINTER: return take(operation.bias, value, bytes);
      default: unknown_attribute(attribute);
    }
  });
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
  return cublaslt_call([&] {
    MatrixLayout created;
    created.type = type;
    created.rows = rows;
    created.columns = columns;
    created.leading = leading;
    create(layout, created);
  });
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  return destroy<MatrixLayout>(layout, "the layout");
}
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t handle,
                                                cublasLtMatrixLayoutAttribute_t attribute, const void* value,
                                                size_t bytes) {
  return cublaslt_call([&] {
    MatrixLayout& layout = live<MatrixLayout>(handle, "the layout");
    switch (attribute) {
      case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT: return take(layout.batch, value, bytes);
      case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET: return take(layout.batch_stride, value, bytes);
      default: unknown_attribute(attribute);
    }
  });
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  return cublaslt_call([&] { create(preference, MatmulPreference()); });
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return destroy<MatmulPreference>(preference, "the preference");
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t handle,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, size_t bytes) {
  return cublaslt_call([&] {
    MatmulPreference& preference = live<MatmulPreference>(handle, "the preference");
    switch (attribute) {
      case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES: return take(preference.workspace, value, bytes);
      case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK: return take(preference.reductions, value, bytes);
      case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES: return take(preference.a_alignment, value, bytes);
      case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES: return take(preference.b_alignment, value, bytes);
      case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES: return take(preference.c_alignment, value, bytes);
      case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES: return take(preference.d_alignment, value, bytes);
      default: unknown_attribute(attribute);
    }
  });
}
