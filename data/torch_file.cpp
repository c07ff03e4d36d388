#include "data/torch_file.h"

#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>

#include "data/file.h"
#include "data/pickle.h"
#include "data/zip_archive.h"

namespace masktwins::data {
namespace {

using namespace std::literals;

// The pickled integer 0x1950a86a20f9469cfc6c with which the older format begins.
constexpr std::string_view magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."sv;

constexpr int deepest_nesting = 16;
constexpr std::size_t most_values = 1'000'000;
// Tensors may share storages. Reading and copying the same bytes more often than this is an attack.
constexpr uint64_t largest_sharing = 4;

// The bytes of a storage; they last until the next call.
using StorageReader = std::function<std::string_view(const TorchStorage&)>;

uint64_t bytes_of(const TorchStorage& storage) {
  return static_cast<uint64_t>(storage.elements) * size_of(storage.dtype);
}

// Elements in logical order, the last index fastest.
template <class T>
Tensor gather(const TorchTensor& tensor, std::string_view storage) {
  const Shape shape(tensor.sizes);
  std::vector<T> values(static_cast<std::size_t>(shape.numel()));
  std::vector<int64_t> index(tensor.sizes.size(), 0);
  int64_t place = tensor.offset;
  for (T& value : values) {
    std::memcpy(&value, storage.data() + static_cast<std::size_t>(place) * sizeof(T), sizeof(T));
    for (std::size_t axis = index.size(); axis-- > 0;) {
      place += tensor.strides[axis];
      if (++index[axis] < tensor.sizes[axis]) break;
      place -= tensor.strides[axis] * tensor.sizes[axis];
      index[axis] = 0;
    }
  }
  return Tensor::from_values<T>(shape, values);
}

// Collects the tensors of nested dictionaries under dotted names.
class Collector {
 public:
  Collector(const std::string& source, const StorageReader& read_storage, uint64_t storage_bytes)
      : source_(source), read_storage_(read_storage), most_bytes_(largest_sharing * storage_bytes) {}

  TensorFile collect(const PickleValue& root) {
    const auto* dict = std::get_if<PickleDict*>(&root);
    require(dict != nullptr, source_, ": holds no dictionary of tensors; save model.state_dict() in PyTorch");
    collect(**dict, "", 1);
    return {std::move(tensors_), {}};
  }

 private:
  void collect(const PickleDict& dict, const std::string& prefix, int depth) {
    require(depth <= deepest_nesting, source_, ": its dictionaries are nested more than ", deepest_nesting,
            " deep");
    for (const auto& [key, value] : dict.items) {
      require(++values_ <= most_values, source_, ": holds more than ", most_values, " values");
      const auto* name = std::get_if<const std::string*>(&key);
      if (!name || **name == "optimizer") continue;
      if (const auto* nested = std::get_if<PickleDict*>(&value))
        collect(**nested, prefix + **name + ".", depth + 1);
      if (const auto* tensor = std::get_if<const TorchTensor*>(&value)) add(prefix + **name, **tensor);
    }
  }

  void add(const std::string& name, const TorchTensor& tensor) {
    const DType dtype = tensor.storage->dtype;
    const Shape shape(tensor.sizes);
    const auto elements = static_cast<uint64_t>(shape.numel());
    bytes_ += elements * size_of(dtype);
    require(bytes_ <= most_bytes_, source_, ": its tensors claim more bytes than the file has");
    const Tensor values = elements == 0 ? Tensor::empty(shape, dtype) : dispatch_dtype(dtype, [&](auto zero) {
      return gather<decltype(zero)>(tensor, read_storage_(*tensor.storage));
    });
    require(tensors_.emplace(name, values).second, source_, ": has two tensors called '", name, "'");
  }

  const std::string& source_;
  const StorageReader& read_storage_;
  const uint64_t most_bytes_;
  uint64_t bytes_ = 0;
  std::size_t values_ = 0;
  std::map<std::string, Tensor> tensors_;
};

// The storages FOLDER/data/KEY of an archive, the latest one kept: neighbours often share one.
class ZipStorages {
 public:
  ZipStorages(const ZipArchive& archive, const std::string& path, const std::string& folder)
      : archive_(archive), path_(path), folder_(folder) {}

  std::string_view read(const TorchStorage& storage) {
    if (!key_ || *key_ != *storage.key) {
      const std::string name = folder_ + "data/" + *storage.key;
      latest_ = archive_.read(name);
      bytes_read_ += latest_.size();
      require(bytes_read_ <= largest_sharing * archive_.unpacked_bytes(), path_,
              ": its tensors read the same bytes again and again");
    }
    key_ = storage.key;
    require(latest_.size() >= bytes_of(storage), path_, ": storage ", *key_, " has ", latest_.size(),
            " bytes instead of ", bytes_of(storage));
    return latest_;
  }

 private:
  const ZipArchive& archive_;
  const std::string& path_;
  const std::string folder_;
  const std::string* key_ = nullptr;
  std::string latest_;
  uint64_t bytes_read_ = 0;
};

// The archive holds FOLDER/data.pkl, which describes the tensors.
std::string folder_of_pickle(const ZipArchive& archive, const std::string& path) {
  for (const auto& [name, size] : archive.entries()) {
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos || name.substr(slash) != "/data.pkl") continue;
    require(size <= Pickle::largest_size, path, ": its data.pkl has ", size, " bytes, more than the allowed ",
            Pickle::largest_size);
    return name.substr(0, slash + 1);
  }
  fail(path, ": is a zip archive, but not one of torch.save: it has no data.pkl");
}

TensorFile read_zip(const std::string& path) {
  const ZipArchive archive(path);
  const std::string folder = folder_of_pickle(archive, path);
  if (archive.entries().contains(folder + "byteorder"))
    require(archive.read(folder + "byteorder") == "little", path,
            ": was written on a big-endian machine, which is not supported");
  const Pickle pickle(archive.read(folder + "data.pkl"), path);
  ZipStorages storages(archive, path, folder);
  const StorageReader read = [&](const TorchStorage& storage) { return storages.read(storage); };
  return Collector(path, read, archive.unpacked_bytes()).collect(pickle.root());
}

// The older format: the pickles magic, version, machine, object, and a list of the keys of all storages; then
// the storages in this order, each the number of its elements (8 bytes) and the elements.
class LegacyFile {
 public:
  explicit LegacyFile(const std::string& path) : path_(path), bytes_(read_file(path)), rest_(bytes_) {}

  TensorFile read() {
    rest_.remove_prefix(magic.size());
    next_pickle();
    next_pickle();
    const auto object = next_pickle(), keys = next_pickle();
    find_storages(*object, *keys);
    const StorageReader read_storage = [this](const TorchStorage& storage) {
      const auto found = storages_.find(*storage.key);
      check(found != storages_.end() && found->second.size() >= bytes_of(storage), "a storage is missing");
      return found->second;
    };
    return Collector(path_, read_storage, bytes_.size()).collect(object->root());
  }

 private:
  void check(bool holds, const char* what) const {
    require(holds, path_, ": damaged or incomplete: ", what, "; copy or download it again");
  }

  std::unique_ptr<Pickle> next_pickle() {
    auto pickle = std::make_unique<Pickle>(rest_, path_);
    rest_.remove_prefix(pickle->size());
    return pickle;
  }

  void find_storages(const Pickle& object, const Pickle& keys) {
    std::map<std::string, DType> types;
    for (const TorchStorage& storage : object.storages()) types.emplace(*storage.key, storage.dtype);
    const auto* list = std::get_if<PickleList*>(&keys.root());
    check(list != nullptr, "the list of storages is missing");
    for (const PickleValue& item : (*list)->items) {
      const auto* key = std::get_if<const std::string*>(&item);
      check(key && types.contains(**key), "an unknown storage");
      uint64_t elements = 0;
      check(rest_.size() >= sizeof elements, "it ends too early");
      std::memcpy(&elements, rest_.data(), sizeof elements);
      rest_.remove_prefix(sizeof elements);
      const std::size_t size = size_of(types.at(**key));
      check(elements <= rest_.size() / size, "it ends too early");
      storages_[**key] = rest_.substr(0, elements * size);
      rest_.remove_prefix(elements * size);
    }
  }

  const std::string& path_;
  const std::string bytes_;
  std::string_view rest_;
  std::map<std::string, std::string_view> storages_;
};

}  // namespace

bool looks_like_torch(std::string_view first_bytes) {
  return looks_like_zip(first_bytes) || first_bytes.starts_with(magic);
}

TensorFile read_torch_file(const std::string& path) {
  const std::string first_bytes = read_file(path, magic.size());
  if (looks_like_zip(first_bytes)) return read_zip(path);
  require(looks_like_torch(first_bytes), path, ": not a file of torch.save");
  return LegacyFile(path).read();
}

}  // namespace masktwins::data
