// Files of weights, whoever wrote them: safetensors or torch.save, in any of the known code bases' names.
#pragma once

#include <string>

#include "masktwins/weight_names.h"

namespace masktwins {

// One network's tensors in float32 under our names. Error if there is no such file, it is none of weights, or
// it holds other networks than this one.
NamedWeights read_weights(const std::string& path, Network network);

// "364 tensors, 3.7 million numbers".
std::string size_text(const StateDict& tensors);

}  // namespace masktwins
