// Checkpoint files: what is written is read back, and no damage goes unnoticed.
#include "data/safetensors.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "data/atomic_file.h"
#include "data/file.h"
#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::data;
using masktwins::tests::error_of;
using masktwins::tests::Folder;

namespace {

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

auto files_in(const Folder& folder) {
  return std::distance(std::filesystem::directory_iterator(folder / ""), {});
}

template <class T>
Tensor counting(const Shape& shape) {
  std::vector<T> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(i + 1);
  return Tensor::from_values<T>(shape, values);
}

TensorFile example() {
  return {{{"inc.weight", counting<float>({2, 3, 2, 2})},
           {"moment", counting<double>({3})},
           {"step", counting<int64_t>({})},
           {"labels", counting<uint8_t>({5})},
           {"index", counting<int32_t>({2, 2})},
           {"nothing", counting<float>({2, 0, 3, 3})}},
          {{"iteration", "1000"}, {"config", "[model]\nname = \"unet\""}}};
}

void check_equal(const TensorFile& actual, const TensorFile& expected) {
  CHECK(actual.metadata == expected.metadata);
  REQUIRE(actual.tensors.size() == expected.tensors.size());
  for (const auto& [name, tensor] : expected.tensors) {
    CAPTURE(name);
    REQUIRE(actual.tensors.count(name) == 1);
    const Tensor& read = actual.tensors.at(name);
    REQUIRE(read.dtype() == tensor.dtype());
    REQUIRE(read.shape() == tensor.shape());
    CHECK(std::memcmp(read.raw_data(), tensor.raw_data(), tensor.bytes()) == 0);
  }
}

// A file with this header, followed by `data` zero bytes.
std::string with_header(const std::string& header, std::size_t data = 0) {
  const uint64_t size = header.size();
  std::string bytes(sizeof size, '\0');
  std::memcpy(bytes.data(), &size, sizeof size);
  return bytes + header + std::string(data, '\0');
}

// What reading such a file complains about, without the path; "nothing" if it is read.
std::string complaint(const Folder& folder, const std::string& bytes) {
  const std::string path = folder / "broken";
  write_bytes(path, bytes);
  const std::string text = error_of([&] { read_safetensors(path); });
  if (text.empty()) return "nothing";
  CHECK(text.find(path) == 0);
  CHECK(text.find('\n') == std::string::npos);
  return text.substr(path.size());
}

}  // namespace

TEST_CASE("everything written is read back") {
  const Folder folder;
  write_safetensors(folder / "a", example());
  check_equal(read_safetensors(folder / "a"), example());
  write_safetensors(folder / "empty", {});
  check_equal(read_safetensors(folder / "empty"), {});
}

TEST_CASE("files hold the logical order of PyTorch") {
  const Folder folder;
  write_safetensors(folder / "a", {{{"x", counting<float>({1, 2, 2, 2})}}, {}});
  const std::string bytes = read_file(folder / "a");
  const std::vector<float> expected{1, 2, 3, 4, 5, 6, 7, 8};
  REQUIRE(bytes.size() > 32);
  CHECK(std::memcmp(bytes.data() + bytes.size() - 32, expected.data(), 32) == 0);
}

TEST_CASE("the data of every tensor is aligned to its elements") {
  const Folder folder;
  write_safetensors(folder / "a", example());
  const std::string bytes = read_file(folder / "a");
  uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), 8);
  CHECK(header_size % 8 == 0);
  const double first = 1;  // "moment" holds the largest elements and so comes first
  const std::string data = bytes.substr(8 + header_size);
  CHECK(data.find(std::string(reinterpret_cast<const char*>(&first), 8)) % 8 == 0);
}

TEST_CASE("the same content gives the same bytes") {
  const Folder folder;
  write_safetensors(folder / "a", example());
  write_safetensors(folder / "b", example());
  CHECK(read_file(folder / "a") == read_file(folder / "b"));
}

TEST_CASE("text that is no UTF-8 does not make writing fail") {
  const Folder folder;
  write_safetensors(folder / "a", {{}, {{"path", "caf\xe9"}}});
  CHECK(read_safetensors(folder / "a").metadata.count("path") == 1);
}

TEST_CASE("a file cut off anywhere is refused") {
  const Folder folder;
  write_safetensors(folder / "a", example());
  const std::string bytes = read_file(folder / "a");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK(complaint(folder, bytes.substr(0, length)) != "nothing");
  }
  CHECK(complaint(folder, bytes + "x") != "nothing");
}

TEST_CASE("a flipped bit is found") {
  const Folder folder;
  write_safetensors(folder / "a", example());
  const std::string bytes = read_file(folder / "a");
  // Damage to the word "checksum" itself turns the check off, and harms nothing else.
  const std::size_t key = bytes.find("checksum");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i >= key && i < key + 8) continue;
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    CAPTURE(i);
    CHECK(complaint(folder, damaged) != "nothing");
  }
}

TEST_CASE("files of other programs, without a checksum, are read") {
  const Folder folder;
  write_bytes(folder / "a", with_header(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  )", 8));
  const TensorFile content = read_safetensors(folder / "a");
  CHECK(content.metadata.empty());
  CHECK(content.tensors.at("x").to_values<float>() == std::vector<float>{0, 0});
}

TEST_CASE("every malformed header has its own complaint") {
  const Folder folder;
  const auto says = [&](const std::string& header, std::size_t data, const char* expected) {
    CAPTURE(header);
    const std::string text = complaint(folder, with_header(header, data));
    CAPTURE(text);
    CHECK(text.find(expected) != std::string::npos);
  };
  says("", 0, "not JSON");
  says("{", 0, "not JSON");
  says("[]", 0, "not a JSON object");
  says(R"({"x":1})", 0, "needs dtype, shape");
  says(R"({"x":{"dtype":"F32","shape":[1]}})", 4, "needs dtype, shape");
  says(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}})", 4, "two data_offsets");
  says(R"({"x":{"dtype":"F8_E5M2","shape":[2],"data_offsets":[0,2]}})", 2,
       "type F8_E5M2, which is not supported");
  says(R"({"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "no natural number");
  says(R"({"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4, "no natural number");
  says(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,-4]}})", 4, "no natural number");
  says(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "needs 8 bytes, has 4");
  says(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4, "outside of the file");
  says(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "outside of the file");
  says(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8, "preceded by a gap");
  says(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8, "belong to no tensor");
  says(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
       R"("y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       4, "overlaps");
  says(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
       R"("x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
       4, "appears twice");
  says(R"({"x":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, "appears twice");
  says(R"({"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0, "any memory");
  says(R"({"x":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}})", 0, "any memory");
  says(R"({"x":{"dtype":"F32","shape":[1,1,1,1,1,1,1],"data_offsets":[0,4]}})", 4, "7 dimensions");
  says(R"({"__metadata__":[]})", 0, "not an object");
  says(R"({"__metadata__":{"epoch":3}})", 0, "not a string");
  says("{\"x\":" + std::string(10000, '[') + std::string(10000, ']') + "}", 0, "nested too deeply");
}

TEST_CASE("a header size beyond the file or the limit is refused") {
  const Folder folder;
  const auto with_size = [](uint64_t size) {
    std::string bytes(sizeof size, '\0');
    std::memcpy(bytes.data(), &size, sizeof size);
    return bytes + "{}";
  };
  CHECK(complaint(folder, with_size(~uint64_t{0})).find("more than the allowed") != std::string::npos);
  CHECK(complaint(folder, with_size(3)).find("truncated") != std::string::npos);
  CHECK(complaint(folder, with_size(2)) == "nothing");
}

TEST_CASE("a huge but empty shape is read at once") {
  const Folder folder;
  write_bytes(folder / "a",
              with_header(R"({"x":{"dtype":"F32","shape":[140737488355328,0,1,1],"data_offsets":[0,0]}})"));
  CHECK(read_safetensors(folder / "a").tensors.at("x").numel() == 0);
}

TEST_CASE("missing files and folders are named") {
  const Folder folder;
  const std::string absent = folder / "absent";
  CHECK(error_of([&] { read_safetensors(absent); }) == absent + ": no such file");
  CHECK(error_of([&] { read_safetensors(folder / ""); }).find("is a file") != std::string::npos);
  CHECK(error_of([&] { write_safetensors(folder / "no/such/folder", {}); }).find("create its folder") !=
        std::string::npos);
  CHECK(error_of([&] { write_safetensors("/dev/null", {}); }).find("regular file") != std::string::npos);
}

TEST_CASE("an abandoned write leaves the old file and no temporary") {
  const Folder folder;
  write_file(folder / "a", "old");
  {
    AtomicFile file(folder / "a");
    file.write("new");
  }
  CHECK(read_file(folder / "a") == "old");
  CHECK(files_in(folder) == 1);
  write_file(folder / "a", "new");
  CHECK(read_file(folder / "a") == "new");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("a tensor that cannot be written leaves nothing behind") {
  const Folder folder;
  const Tensor undefined;
  CHECK_THROWS_AS(write_safetensors(folder / "a", {{{"x", undefined}}, {}}), Error);
  CHECK(files_in(folder) == 0);
}

TEST_CASE("a write that fails half-way leaves the old file and no temporary") {
  const Folder folder;
  write_safetensors(folder / "a", example());
  // A limit on the file size stands for a full disk.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 4096;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  CHECK_THROWS_AS(write_safetensors(folder / "a", {{{"x", Tensor::zeros({100000})}}, {}}), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  check_equal(read_safetensors(folder / "a"), example());
  CHECK(files_in(folder) == 1);
}
