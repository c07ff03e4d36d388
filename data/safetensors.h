// Safetensors files: named tensors and a map of strings. This is the format of checkpoints and of the golden
// files; PyTorch users read and write it with the package `safetensors`.
//
// Layout (github.com/huggingface/safetensors): 8 bytes little-endian header size, a JSON header
//   {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
//   ...}
// padded with spaces, then the elements of all tensors without gaps. Elements lie in logical order as in
// PyTorch, (N, C, H, W) and (O, I, kh, kw); reading and writing convert from and to the memory layout.
// Types: F32, F64, I32, I64, U8.
//
// Files written here carry a checksum of the whole file in metadata["checksum"]; it is verified on reading.
// Files of other programs have none and are accepted without.
#pragma once

#include <map>
#include <string>

#include "tensor/tensor.h"

namespace masktwins::data {

struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  // without the checksum
};

// Writes atomically. Throws Error when the file cannot be written.
void write_safetensors(const std::string& path, const TensorFile& content);

// Reads and checks everything: sizes, types, offsets, duplicates, the checksum. Throws Error with one line
// that names the file and the defect.
TensorFile read_safetensors(const std::string& path);

}  // namespace masktwins::data
