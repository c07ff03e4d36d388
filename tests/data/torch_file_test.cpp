// Files of torch.save: what current PyTorch wrote is read, and nothing that is done to them does harm.
#include "data/torch_file.h"

#include <doctest/doctest.h>

#include <cstring>
#include <fstream>

#include "data/file.h"
#include "data/zip_archive.h"
#include "tests/data/folder.h"

#ifdef MASKTWINS_LIBZIP
#include <zip.h>
#endif

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

namespace {

const std::string golden = "tests/golden/torch/";

void check_content(const TensorFile& actual) {
  const TensorFile expected = read_safetensors(golden + "expected.safetensors");
  CHECK(actual.metadata.empty());
  CHECK(actual.tensors.size() == expected.tensors.size());
  for (const auto& [name, tensor] : expected.tensors) {
    CAPTURE(name);
    REQUIRE(actual.tensors.contains(name));
    const Tensor& read = actual.tensors.at(name);
    REQUIRE(read.dtype() == tensor.dtype());
    REQUIRE(read.shape() == tensor.shape());
    CHECK(std::memcmp(read.raw_data(), tensor.raw_data(), tensor.bytes()) == 0);
  }
}

// What reading these bytes complains about; "nothing" if they are read.
std::string complaint(const Folder& folder, const std::string& bytes) {
  const std::string path = folder / "broken.pth";
  std::ofstream(path, std::ios::binary) << bytes;
  const std::string text = error_of([&] { read_torch_file(path); });
  if (text.empty()) return "nothing";
  CHECK(text.starts_with(path));
  CHECK(text.find('\n') == std::string::npos);
  return text;
}

void check_truncations(const std::string& name) {
  const Folder folder;
  const std::string bytes = read_file(golden + name);
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK(complaint(folder, bytes.substr(0, length)) != "nothing");
  }
}

// One bit of each byte in turn. Numbers may change unnoticed, for the older format has no checksum; nothing
// worse may happen.
void check_flips(const std::string& name) {
  const Folder folder;
  const std::string bytes = read_file(golden + name);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CAPTURE(i);
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    complaint(folder, damaged);
  }
}

}  // namespace

TEST_CASE("a file of PyTorch before 1.6 is read") {
  check_content(read_torch_file(golden + "legacy.pth"));
  check_truncations("legacy.pth");
  check_flips("legacy.pth");
}

TEST_CASE("other files are no files of torch.save") {
  const Folder folder;
  CHECK(complaint(folder, "hello").find("not a file of torch.save") != std::string::npos);
  CHECK(error_of([&] { read_torch_file(folder / "absent"); }).find("no such file") != std::string::npos);
}

#ifdef MASKTWINS_LIBZIP

namespace {

void write_zip(const std::string& path, const std::map<std::string, std::string>& entries, bool deflate) {
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  REQUIRE(archive != nullptr);
  for (const auto& [name, bytes] : entries) {
    const auto index =
        zip_file_add(archive, name.c_str(), zip_source_buffer(archive, bytes.data(), bytes.size(), 0), 0);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index),
                             deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  REQUIRE(zip_close(archive) == 0);
}

std::string zip_complaint(const std::map<std::string, std::string>& entries, bool deflate = false) {
  const Folder folder;
  write_zip(folder / "a.zip", entries, deflate);
  return complaint(folder, read_file(folder / "a.zip"));
}

// A pickle {"a": TENSOR, "b": TENSOR, ...}, where each tensor is the whole of storage 0 or of storages 0 and
// 1 in turn.
std::string pickle_of_storages(int tensors, int storages, uint16_t elements) {
  std::string pickle = "\x80\x02}(";
  const std::string size = {'M', static_cast<char>(elements & 0xff), static_cast<char>(elements >> 8)};
  for (int i = 0; i < tensors; ++i) {
    pickle += {'U', 1, static_cast<char>('a' + i)};
    pickle += "ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\n";
    pickle += {'U', 1, static_cast<char>('0' + i % storages)};
    pickle +=
        "U\x03"
        "cpu" +
        size + "tQK";
    pickle += {'\0'};
    pickle += size + "\x85K\x01\x85\x89}tR";
  }
  return pickle + "u.";
}

}  // namespace

TEST_CASE("a file of PyTorch is read, stored or deflated") {
  check_content(read_torch_file(golden + "zip.pth"));
  check_content(read_torch_file(golden + "deflated.pth"));
}

TEST_CASE("an archive cut off anywhere is refused") {
  check_truncations("zip.pth");
  check_truncations("deflated.pth");
}

TEST_CASE("a changed byte of an archive does no harm") {
  check_flips("zip.pth");
  check_flips("deflated.pth");
}

TEST_CASE("an archive that is no file of torch.save says what is missing") {
  const std::string good = pickle_of_storages(1, 1, 4), four_numbers(16, '\0');
  CHECK(zip_complaint({{"a/data.pkl", good}, {"a/data/0", four_numbers}}) == "nothing");
  CHECK(zip_complaint({{"a.txt", "x"}}).find("no data.pkl") != std::string::npos);
  CHECK(zip_complaint({{"a/b/data.pkl", good}}).find("no data.pkl") != std::string::npos);
  CHECK(zip_complaint({{"a/data.pkl", good}}).find("no entry 'a/data/0'") != std::string::npos);
  CHECK(zip_complaint({{"a/data.pkl", good}, {"a/data/0", "short"}}).find("has 5 bytes instead of 16") !=
        std::string::npos);
  CHECK(zip_complaint({{"a/data.pkl", good}, {"a/data/0", four_numbers}, {"a/byteorder", "big"}})
            .find("big-endian") != std::string::npos);
  CHECK(zip_complaint({{"a/data.pkl", "\x80\x02K\x01."}}).find("no dictionary") != std::string::npos);
  CHECK(
      zip_complaint({{"a/data.pkl", std::string("\x80\x02]q\0}q\1U\1xh\1sa.", 16)}}).find("no dictionary") !=
      std::string::npos);
}

TEST_CASE("dictionaries within themselves are not followed for ever") {
  const std::string itself = "\x80\x02}q\1U\1xh\1s.";
  CHECK(zip_complaint({{"a/data.pkl", itself}}).find("nested") != std::string::npos);
  // Each of 15 levels holds the next one twenty times: 20^15 values.
  std::string tower = "\x80\x02}q";
  tower += '\1';
  for (char level = 2; level < 16; ++level) {
    tower += "}(";
    for (char i = 0; i < 20; ++i)
      tower += std::string("U\1") + static_cast<char>('a' + i) + "h" + static_cast<char>(level - 1);
    tower += std::string("uq") + level;
  }
  CHECK(zip_complaint({{"a/data.pkl", tower + "."}}).find("holds more than") != std::string::npos);
}

TEST_CASE("tensors that share a storage are read, but not without limit") {
  // Of 26 tensors each one claims 16 bytes; the archive has only so many.
  const std::string numbers(16, '\0');
  CHECK(zip_complaint({{"a/data.pkl", pickle_of_storages(26, 1, 4)}, {"a/data/0", numbers}}) == "nothing");
  CHECK(zip_complaint(
            {{"a/data.pkl", pickle_of_storages(26, 1, 1 << 12)}, {"a/data/0", std::string(1 << 14, '\0')}})
            .find("more bytes than the file has") != std::string::npos);
}

TEST_CASE("two storages are not read in turn without limit") {
  const std::string large(100'000, '\0');
  CHECK(
      zip_complaint({{"a/data.pkl", pickle_of_storages(26, 2, 4)}, {"a/data/0", large}, {"a/data/1", large}})
          .find("again and again") != std::string::npos);
}

TEST_CASE("a zip bomb is not unpacked") {
  const std::string zeros(1'000'000, '\0');
  CHECK(zip_complaint({{"a/data.pkl", zeros}}, true).find("more than 20 times its size") !=
        std::string::npos);
}

TEST_CASE("overlapping entries are refused") {
  const Folder folder;
  const auto zip_of = [&](const std::string& name, const std::string& content) {
    write_zip(folder / "zip", {{name, content}}, false);
    return read_file(folder / "zip");
  };
  // The content of "outer" is a whole other archive, whose entry is listed in the directory too.
  const std::string inner = zip_of("inner", std::string(1000, 'x'));
  std::string bytes = zip_of("outer", inner);
  std::string record = inner.substr(inner.find("PK\1\2"), 46 + std::strlen("inner"));
  const std::size_t outer_record = bytes.rfind("PK\1\2"), end = bytes.rfind("PK\5\6");
  const auto put = [](std::string& text, std::size_t place, uint32_t value, std::size_t size) {
    std::memcpy(text.data() + place, &value, size);
  };
  put(record, 42, static_cast<uint32_t>(bytes.find(inner)), 4);  // where its header lies
  bytes.insert(end, record);
  const std::size_t new_end = end + record.size();
  put(bytes, new_end + 8, 2, 2);  // number of records, twice, and their size
  put(bytes, new_end + 10, 2, 2);
  put(bytes, new_end + 12, static_cast<uint32_t>(new_end - outer_record), 4);
  const std::string text = complaint(folder, bytes);
  CAPTURE(text);
  CHECK(text.find("its entries overlap") != std::string::npos);
}

#else

TEST_CASE("a build without libzip says what is missing") {
  CHECK(error_of([] { read_torch_file(golden + "zip.pth"); }).find("libzip-dev") != std::string::npos);
}

#endif
