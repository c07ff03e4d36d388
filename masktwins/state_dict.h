// Named tensors, as in PyTorch's state_dict, compared and copied as a whole.
#pragma once

#include <map>
#include <string>

#include "tensor/tensor.h"

namespace masktwins {

using StateDict = std::map<std::string, Tensor>;

// The entries whose name begins with `prefix`.
StateDict with_prefix(const StateDict& tensors, const std::string& prefix);

// Overwrites the elements of every tensor in `to` with those of the same name in `from`. Both must have the
// same names and shapes; otherwise nothing is changed, and the Error lists what is missing, unexpected or
// mis-shaped, with the nearest name. Floating types are converted. `source` is the file's name for the
// message.
void load_state(const std::string& source, const StateDict& from, const StateDict& to);

}  // namespace masktwins
