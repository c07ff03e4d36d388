// Files of torch.save with state_dicts in them: today's zip archives, and the format before PyTorch 1.6, one
// pickle after another. Nothing in them is executed (data/pickle.h).
#pragma once

#include <string>
#include <string_view>

#include "data/safetensors.h"

namespace masktwins::data {

// Do the first bytes of a file belong to one of the two formats?
bool looks_like_torch(std::string_view first_bytes);

// All tensors, in PyTorch's layout and types (bool as uint8). Those in nested dictionaries are called
// "state_dict.backbone.conv.weight"; numbers, strings and whatever stands below a key "optimizer" are left
// out. Throws Error with one line that names the file and what is wrong with it.
TensorFile read_torch_file(const std::string& path);

}  // namespace masktwins::data
