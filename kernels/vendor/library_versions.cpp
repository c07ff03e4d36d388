#include "kernels/vendor/library_versions.h"

#ifdef MASKTWINS_CUDNN
#include <cudnn.h>
#endif
#ifdef MASKTWINS_CUBLASLT
#include <cublasLt.h>
#endif

namespace masktwins::kernels::cuda {
namespace {

std::string text_of(std::size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." +
         std::to_string(version % 100);
}

}  // namespace

std::string library_version(std::size_t loaded, std::size_t built) {
  const std::string version = text_of(loaded);
  return loaded == built ? version : version + ", built with " + text_of(built);
}

std::string cudnn_version() {
#ifdef MASKTWINS_CUDNN
  return library_version(cudnnGetVersion(), CUDNN_VERSION);
#else
  return "no: cudnn.h was not found when this was built; convolutions are the engine's own";
#endif
}

std::string cublaslt_version() {
#ifdef MASKTWINS_CUBLASLT
  return library_version(cublasLtGetVersion(), CUBLAS_VERSION);
#else
  return "no: cublasLt.h was not found when this was built; matrix products are the engine's own";
#endif
}

}  // namespace masktwins::kernels::cuda
