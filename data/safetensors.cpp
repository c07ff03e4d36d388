#include "data/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "data/atomic_file.h"

namespace masktwins::data {
namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

constexpr const char* metadata_key = "__metadata__";
constexpr const char* checksum_key = "checksum";
constexpr const char* blank_checksum = "0000000000000000";
constexpr uint64_t largest_header = 100'000'000;  // the limit of the reference implementation
constexpr int deepest_header = 3;                 // file, tensor, shape

struct TypeName {
  DType dtype;
  const char* name;
};
constexpr std::array<TypeName, 7> type_names{{{DType::float32, "F32"},
                                              {DType::float64, "F64"},
                                              {DType::bfloat16, "BF16"},
                                              {DType::float16, "F16"},
                                              {DType::int32, "I32"},
                                              {DType::int64, "I64"},
                                              {DType::uint8, "U8"}}};

// Takes 8 bytes at a time, zero-padded at the end of each piece. Every step is one-to-one in the state, so
// damage inside one word is always found, and any other with probability 1 - 2^-64.
class Checksum {
 public:
  void add(const void* bytes, std::size_t count) {
    const char* next = static_cast<const char*>(bytes);
    for (; count > 0; next += sizeof(uint64_t)) {
      uint64_t word = 0;
      const std::size_t step = std::min(count, sizeof word);
      std::memcpy(&word, next, step);
      state_ = std::rotl((state_ ^ word) * 0x9E3779B97F4A7C15u, 29);
      count -= step;
    }
  }
  std::string text() const {
    std::ostringstream out;
    out << std::hex << std::setfill('0') << std::setw(16) << state_;
    return out.str();
  }

 private:
  uint64_t state_ = 0;
};

struct Entry {
  std::string name;
  DType dtype;
  Shape shape;
  uint64_t begin, end;  // bytes within the data
};

// --- writing ---

// Larger elements first: then every tensor is aligned to its element size.
std::vector<Entry> place(const std::map<std::string, Tensor>& tensors, const std::string& path) {
  std::vector<Entry> entries;
  for (const auto& [name, tensor] : tensors) {
    require(tensor.defined() && name != metadata_key, path, ": tensor '", name, "' cannot be written, ",
            tensor.defined() ? "the name is reserved" : "it is undefined");
    entries.push_back({name, tensor.dtype(), tensor.shape(), 0, tensor.bytes()});
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return size_of(a.dtype) > size_of(b.dtype); });
  uint64_t offset = 0;
  for (Entry& entry : entries) {
    entry.begin += offset;
    entry.end += offset;
    offset = entry.end;
  }
  return entries;
}

std::string header_text(const std::vector<Entry>& entries, std::map<std::string, std::string> metadata,
                        const std::string& checksum) {
  metadata[checksum_key] = checksum;
  Json header = {{metadata_key, metadata}};
  for (const Entry& entry : entries) {
    Json sizes = Json::array();
    for (int axis = 0; axis < entry.shape.rank(); ++axis) sizes.push_back(entry.shape[axis]);
    const auto type = std::find_if(type_names.begin(), type_names.end(),
                                   [&](const TypeName& candidate) { return candidate.dtype == entry.dtype; });
    header[entry.name] = {
        {"dtype", type->name}, {"shape", sizes}, {"data_offsets", {entry.begin, entry.end}}};
  }
  // Text that is no UTF-8, such as a path in the metadata, must not make a checkpoint fail.
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

// --- reading ---

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path), file_(path, std::ios::binary) {
    std::error_code error;
    require(std::filesystem::exists(path, error), path, ": no such file");
    require(std::filesystem::is_regular_file(path, error) && file_.is_open(), path,
            ": cannot be read; check that it is a file and its permissions");
    file_size_ = std::filesystem::file_size(path);
  }

  TensorFile read() {
    read_header();
    TensorFile content;
    read_metadata(content.metadata);
    const std::vector<Entry> entries = read_entries();
    const auto expected = content.metadata.find(checksum_key);
    if (expected != content.metadata.end()) add_header_to_checksum(expected->second);
    for (const Entry& entry : entries) content.tensors.emplace(entry.name, read_tensor(entry));
    if (expected != content.metadata.end()) {
      check(checksum_.text() == expected->second,
            "the checksum does not match, so the file is damaged; copy or create it again");
      content.metadata.erase(expected);
    }
    return content;
  }

 private:
  template <class... Parts>
  void check(bool holds, const Parts&... parts) const {
    require(holds, path_, ": not a valid safetensors file: ", parts...);
  }

  void read_bytes(void* bytes, std::size_t count) {
    file_.read(static_cast<char*>(bytes), static_cast<std::streamsize>(count));
    require(static_cast<std::size_t>(file_.gcount()) == count, path_, ": reading failed");
  }

  void read_header() {
    uint64_t size = 0;
    check(file_size_ >= sizeof size, "it has only ", file_size_, " bytes");
    read_bytes(&size, sizeof size);
    check(size <= largest_header, "its header would have ", size, " bytes, more than the allowed ",
          largest_header);
    check(size <= file_size_ - sizeof size, "it ends inside the header; the file is truncated");
    header_text_.resize(size);
    read_bytes(header_text_.data(), size);
    data_size_ = file_size_ - sizeof size - size;
    parse_header();
  }

  void parse_header() {
    std::set<std::string> names, keys;  // of the file and of the object now being read
    const auto inspect = [&](int depth, Json::parse_event_t event, Json& value) {
      if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) {
        check(depth < deepest_header, "the header is nested too deeply");
        keys.clear();
      } else if (event == Json::parse_event_t::key) {
        const std::string& key = value.get_ref<const std::string&>();
        check((depth == 1 ? names : keys).insert(key).second, "'", key, "' appears twice in the header");
      }
      return true;
    };
    try {
      header_ = Json::parse(header_text_, inspect);
    } catch (const Json::exception&) {
      check(false, "the header is not JSON");
    }
    check(header_.is_object(), "the header is not a JSON object");
  }

  void read_metadata(std::map<std::string, std::string>& metadata) const {
    if (!header_.contains(metadata_key)) return;
    const Json& entries = header_[metadata_key];
    check(entries.is_object(), metadata_key, " is not an object");
    for (const auto& [key, value] : entries.items()) {
      check(value.is_string(), metadata_key, " entry '", key, "' is not a string");
      metadata[key] = value.get<std::string>();
    }
  }

  uint64_t read_number(const Json& value, const std::string& name) const {
    check(value.is_number_unsigned(), "tensor '", name, "' has a size or offset that is no natural number");
    return value.get<uint64_t>();
  }

  Shape read_shape(const Json& sizes, const std::string& name) const {
    check(sizes.size() <= Shape::max_rank, "tensor '", name, "' has ", sizes.size(), " dimensions, at most ",
          Shape::max_rank, " are supported");
    std::vector<int64_t> shape;
    uint64_t elements = 1;
    for (const Json& value : sizes) {
      const uint64_t size = read_number(value, name);
      // Bounds the product of the sizes, zeros left out, so that nothing overflows below.
      check(size <= largest_count / elements, "tensor '", name, "' is larger than any memory");
      elements *= std::max<uint64_t>(size, 1);
      shape.push_back(static_cast<int64_t>(size));
    }
    return Shape(shape);
  }

  Entry read_entry(const std::string& name, const Json& value) const {
    const auto is_array = [&](const char* key) { return value.contains(key) && value[key].is_array(); };
    check(value.is_object() && value.contains("dtype") && value["dtype"].is_string() && is_array("shape") &&
              is_array("data_offsets") && value["data_offsets"].size() == 2,
          "tensor '", name, "' needs dtype, shape and two data_offsets");
    const std::string& type = value["dtype"].get_ref<const std::string&>();
    const auto known = std::find_if(type_names.begin(), type_names.end(),
                                    [&](const TypeName& candidate) { return type == candidate.name; });
    require(known != type_names.end(), path_, ": tensor '", name, "' has type ", type,
            ", which is not supported; convert it to F32");
    const Entry entry{name, known->dtype, read_shape(value["shape"], name),
                      read_number(value["data_offsets"][0], name),
                      read_number(value["data_offsets"][1], name)};
    check(entry.begin <= entry.end && entry.end <= data_size_, "tensor '", name,
          "' lies outside of the file, or the file is truncated");
    const uint64_t bytes = static_cast<uint64_t>(entry.shape.numel()) * size_of(entry.dtype);
    check(entry.end - entry.begin == bytes, "tensor '", name, "' needs ", bytes, " bytes, has ",
          entry.end - entry.begin);
    return entry;
  }

  // In order of their place in the file.
  std::vector<Entry> read_entries() const {
    std::vector<Entry> entries;
    for (const auto& [name, value] : header_.items())
      if (name != metadata_key) entries.push_back(read_entry(name, value));
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    uint64_t end = 0;
    for (const Entry& entry : entries) {
      check(entry.begin == end, "tensor '", entry.name,
            entry.begin < end ? "' overlaps another" : "' is preceded by a gap");
      end = entry.end;
    }
    check(end == data_size_, data_size_ - end, " bytes at the end belong to no tensor");
    return entries;
  }

  void add_header_to_checksum(const std::string& checksum) {
    std::string blanked = header_text_;
    const std::size_t place = blanked.find(checksum);
    if (place != std::string::npos) blanked.replace(place, checksum.size(), blank_checksum);
    checksum_.add(blanked.data(), blanked.size());
  }

  Tensor read_tensor(const Entry& entry) {
    if (entry.begin == entry.end) return Tensor::empty(entry.shape, entry.dtype);
    return dispatch_dtype(entry.dtype, [&](auto zero) {
      using T = decltype(zero);
      std::vector<T> values(static_cast<std::size_t>(entry.shape.numel()));
      const std::size_t bytes = values.size() * sizeof(T);
      read_bytes(values.data(), bytes);
      checksum_.add(values.data(), bytes);
      return Tensor::from_values<T>(entry.shape, values);
    });
  }

  static constexpr uint64_t largest_count = uint64_t{1} << 48;

  std::string path_;
  std::ifstream file_;
  uint64_t file_size_ = 0, data_size_ = 0;
  std::string header_text_;
  Json header_;
  Checksum checksum_;
};

}  // namespace

void write_safetensors(const std::string& path, const TensorFile& content) {
  const std::vector<Entry> entries = place(content.tensors, path);
  const std::string blank_header = header_text(entries, content.metadata, blank_checksum);
  Checksum checksum;
  checksum.add(blank_header.data(), blank_header.size());

  AtomicFile file(path);
  const uint64_t header_size = blank_header.size();
  file.write(&header_size, sizeof header_size);
  file.write(blank_header);
  for (const Entry& entry : entries) {
    if (entry.begin == entry.end) continue;
    dispatch_dtype(entry.dtype, [&](auto zero) {
      const auto values = content.tensors.at(entry.name).to_values<decltype(zero)>();
      const std::size_t bytes = values.size() * sizeof zero;
      checksum.add(values.data(), bytes);
      file.write(values.data(), bytes);
    });
  }
  // The checksum has always 16 digits, so the header keeps its size.
  file.overwrite(sizeof header_size, header_text(entries, content.metadata, checksum.text()));
  file.commit();
}

TensorFile read_safetensors(const std::string& path) { return Reader(path).read(); }

}  // namespace masktwins::data
