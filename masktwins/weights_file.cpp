#include "masktwins/weights_file.h"

#include <cmath>

#include "data/file.h"
#include "data/safetensors.h"
#include "data/torch_file.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

// A header of safetensors begins with its size and a brace.
bool looks_like_safetensors(std::string_view first_bytes) {
  return first_bytes.size() > 8 && first_bytes[8] == '{';
}

StateDict read_tensors(const std::string& path) {
  const std::string first_bytes = data::read_file(path, 16);
  if (data::looks_like_torch(first_bytes)) return data::read_torch_file(path).tensors;
  require(looks_like_safetensors(first_bytes), path,
          ": neither safetensors nor a file of torch.save; masktwins reads .safetensors, .pth and .pt");
  return data::read_safetensors(path).tensors;
}

}  // namespace

NamedWeights read_weights(const std::string& path, Network network) {
  StateDict tensors = read_tensors(path);
  require(!tensors.empty(), path, ": holds no tensor; save model.state_dict() in PyTorch");
  for (auto& [name, tensor] : tensors)
    if (is_floating(tensor.dtype())) tensor = tensor.to(DType::float32);
  try {
    return with_our_names(tensors, network);
  } catch (const Error& error) {
    fail(path, ": ", error.what());
  }
}

std::string size_text(const StateDict& tensors) {
  int64_t numbers = 0;
  for (const auto& [name, tensor] : tensors) numbers += tensor.numel();
  const double millions = std::round(static_cast<double>(numbers) / 1e4) / 100;
  return concat_text(tensors.size(), " tensors, ", millions, " million numbers");
}

}  // namespace masktwins
