// Named tensors, as in PyTorch's state_dict, compared and copied as a whole.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nn/module.h"
#include "tensor/tensor.h"

namespace masktwins {

using StateDict = std::map<std::string, Tensor>;

// Parameters and buffers of a module, the same memory, with `prefix` in front of their names.
StateDict state_of(const nn::Module& module, const std::string& prefix = "");

// The entries whose name begins with `prefix`.
StateDict with_prefix(const StateDict& tensors, const std::string& prefix);

// How the tensors of a file fit those of a network.
struct KeyComparison {
  std::vector<std::string> matched;     // same name and shape; floating types may differ
  std::vector<std::string> missing;     // only the network has them
  std::vector<std::string> unexpected;  // only the file has them
  std::vector<std::string> misshapen;

  bool all_match() const { return missing.empty() && unexpected.empty() && misshapen.empty(); }
};

// num_batches_tracked may be missing: files from before PyTorch 0.4.1 lack it, and nothing depends on it.
KeyComparison compare_keys(const StateDict& file, const StateDict& network);

// What does not match, a line each; for a missing or unexpected key with the nearest one on the other side.
std::vector<std::string> describe_differences(const KeyComparison& keys, const StateDict& file,
                                              const StateDict& network);

// Overwrites the elements of every tensor in `network` with those of the same name in `file`. Both must have
// the same names and shapes; otherwise nothing is changed, and the Error lists the differences. Floating
// types are converted. `source` is the file's name for the message.
void load_state(const std::string& source, const StateDict& file, const StateDict& network);

}  // namespace masktwins
