// Pickle is Python's format for objects: a program for a small stack machine, which in general may call any
// function. This reader takes only what PyTorch writes for state_dicts: containers, numbers, strings, and
// references to tensors in protocol 2. It calls nothing. Whatever else a file wants (another function, class
// or instruction) is an Error that names it.
//
// Instructions: python's Lib/pickletools.py. Tensors: torch/_utils.py, _rebuild_tensor_v2.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tensor/dtype.h"

namespace masktwins::data {

struct PickleList;
struct PickleDict;

// A storage is a flat array of elements that lies elsewhere in the file, under its key.
struct TorchStorage {
  const std::string* key;
  DType dtype;
  int64_t elements;
};

// Element (i, j, ...) of the tensor is storage[offset + i·strides[0] + j·strides[1] + ...]. All elements lie
// within the storage, and there are not more of them than the storage has.
struct TorchTensor {
  const TorchStorage* storage;
  int64_t offset;
  std::vector<int64_t> sizes, strides;
};

// A function or class by name, such as "torch.FloatStorage".
struct PickleGlobal {
  std::string name;
};

// Something that a state_dict may carry and nobody here needs, such as a number of NumPy.
struct PickleIgnored {};

// Pointers lead into the Pickle.
using PickleValue =
    std::variant<std::monostate, bool, int64_t, double, const std::string*, PickleList*, PickleDict*,
                 const TorchStorage*, const TorchTensor*, const PickleGlobal*, PickleIgnored>;

// A list or tuple.
struct PickleList {
  std::vector<PickleValue> items;
};

struct PickleDict {
  std::vector<std::pair<PickleValue, PickleValue>> items;
};

// Owns all values of one pickle; they may refer to each other in circles.
class Pickle {
 public:
  static constexpr std::size_t largest_size = std::size_t{1} << 24;
  static constexpr std::size_t most_instructions = 4'000'000;

  // Reads one pickle from the beginning of `bytes`, which may go on behind it. `source` is the file's name
  // for errors.
  Pickle(std::string_view bytes, const std::string& source);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleValue& root() const { return root_; }
  const std::deque<TorchStorage>& storages() const { return storages_; }
  std::size_t size() const { return size_; }  // bytes it took

 private:
  class Machine;

  std::deque<std::string> strings_;
  std::deque<PickleList> lists_;
  std::deque<PickleDict> dicts_;
  std::deque<TorchStorage> storages_;
  std::deque<TorchTensor> tensors_;
  std::deque<PickleGlobal> globals_;
  PickleValue root_;
  std::size_t size_ = 0;
};

}  // namespace masktwins::data
