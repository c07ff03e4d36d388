// The pickles of state_dicts: what they hold is read, whatever else they want is refused by name.
#include "data/pickle.h"

#include <doctest/doctest.h>

#include <random>

#include "data/safetensors.h"
#include "tests/data/folder.h"

using namespace masktwins;
using namespace masktwins::data;
using namespace std::literals;
using masktwins::tests::error_of;

namespace {

template <class T>
std::string bytes_of(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string text(const std::string& characters) {
  return "X"s + bytes_of(static_cast<uint32_t>(characters.size())) + characters;
}

std::string number(int32_t value) { return "J"s + bytes_of(value); }

std::string tuple(const std::string& items) { return "("s + items + "t"; }

std::string storage(int32_t elements, const std::string& type = "FloatStorage") {
  return tuple(text("storage") + "ctorch\n" + type + "\n" + text("0") + text("cpu") + number(elements)) + "Q";
}

// A tensor in a storage of 12 elements.
std::string tensor(int32_t offset, const std::vector<int32_t>& sizes, const std::vector<int32_t>& strides) {
  std::string size_items, stride_items;
  for (const int32_t size : sizes) size_items += number(size);
  for (const int32_t stride : strides) stride_items += number(stride);
  return "ctorch._utils\n_rebuild_tensor_v2\n" +
         tuple(storage(12) + number(offset) + tuple(size_items) + tuple(stride_items) +
               "\x89"
               "ccollections\nOrderedDict\n)R") +
         "R";
}

std::string complaint(const std::string& program) {
  const std::string message = error_of([&] { Pickle("\x80\x02" + program + ".", "weights.pth"); });
  if (message.empty()) return "nothing";
  CHECK(message.starts_with("weights.pth: "));
  CHECK(message.find('\n') == std::string::npos);
  return message;
}

void check_refused(const std::string& program, const char* expected) {
  const std::string message = complaint(program);
  CAPTURE(message);
  CHECK(message.find(expected) != std::string::npos);
}

}  // namespace

TEST_CASE("numbers, strings and containers are read") {
  const std::string program = "\x80\x02}(" + text("a") + "K\x07" + text("b") + "M\x01\x02" + text("c") +
                              number(-5) + text("d") + "\x8a\x02\x00\xff"s + text("e") +
                              "G\x3f\xf8\0\0\0\0\0\0"s + text("f") + "\x88" + text("g") + "N" + text("h") +
                              "](U\x01x\x89"
                              "eu.";
  const Pickle pickle(program + "rest", "source");
  CHECK(pickle.size() == program.size());
  const auto& items = std::get<PickleDict*>(pickle.root())->items;
  REQUIRE(items.size() == 8);
  CHECK(*std::get<const std::string*>(items[0].first) == "a");
  CHECK(std::get<int64_t>(items[0].second) == 7);
  CHECK(std::get<int64_t>(items[1].second) == 513);
  CHECK(std::get<int64_t>(items[2].second) == -5);
  CHECK(std::get<int64_t>(items[3].second) == -256);
  CHECK(std::get<double>(items[4].second) == 1.5);
  CHECK(std::get<bool>(items[5].second));
  CHECK(std::holds_alternative<std::monostate>(items[6].second));
  const auto& list = std::get<PickleList*>(items[7].second)->items;
  REQUIRE(list.size() == 2);
  CHECK(*std::get<const std::string*>(list[0]) == "x");
  CHECK(!std::get<bool>(list[1]));
}

TEST_CASE("a tensor is a view of a storage") {
  const Pickle pickle("\x80\x02" + tensor(1, {2, 3}, {1, 4}) + ".", "source");
  const TorchTensor& found = *std::get<const TorchTensor*>(pickle.root());
  CHECK(found.offset == 1);
  CHECK(found.sizes == std::vector<int64_t>{2, 3});
  CHECK(found.strides == std::vector<int64_t>{1, 4});
  CHECK(*found.storage->key == "0");
  CHECK(found.storage->dtype == DType::float32);
  CHECK(found.storage->elements == 12);
}

TEST_CASE("the numbers of NumPy in the notes of a training program do no harm") {
  CHECK(complaint("cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(" + text("f8") + "\x89\x88tR(K\x03" +
                  text("<") + "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"s + "c_codecs\nencode\n" +
                  tuple(text("x") + text("latin1")) + "RtR") == "nothing");
}

TEST_CASE("nothing is called, and what a file wants to call is named") {
  check_refused("cos\nsystem\n" + tuple(text("rm -rf /")) + "R", "refers to os.system");
  check_refused("c__builtin__\neval\n" + tuple(text("1")) + "R", "refers to __builtin__.eval");
  check_refused("ctorch\nload\n)R", "refers to torch.load");
  check_refused("ctorch.hub\nload\n)R", "nothing of it was executed");
  check_refused("c" + std::string(1000, 'a') + "\nb\n", "aaa...");
  check_refused("c\x1b[2J\nb\n", "?[2J");
  check_refused("ctorch\nFloatStorage\n)R", "calls torch.FloatStorage");
  check_refused("ccollections\nOrderedDict\n)\x81", "instruction 129");    // NEWOBJ
  check_refused("(icopy_reg\n_reconstructor\n", "instruction 105");        // INST
  check_refused(text("os") + text("system") + "\x93", "instruction 147");  // STACK_GLOBAL
  check_refused("\x82\x01", "instruction 130");                            // EXT1
  check_refused("Ppersistent\n", "instruction 80");                        // PERSID
  check_refused("\x80\x04N", "protocol 4");
}

TEST_CASE("a broken program is refused") {
  check_refused("", "a value is missing");
  check_refused("K", "damaged");
  check_refused("h\x01", "never stored");
  check_refused("q\x01", "a value is missing");
  check_refused("u", "a mark is missing");
  check_refused("}(Nu", "a key without value");
  check_refused("N(NNu", "expected a dictionary");
  check_refused("NNa", "expected a list");
  check_refused("NQ", "expected a tuple");
  check_refused("NNR", "expected a function");
  check_refused("NNb", "attributes");
  check_refused("(\x85", "a value is missing");  // does not reach below a mark
  check_refused("\x8a\x09" + std::string(9, '\1'), "an integer of 9 bytes");
  check_refused(text("abc").substr(0, 6), "ends too early");
  check_refused("cabc", "without end");
  CHECK(error_of([] { Pickle("", "a"); }).find("does not end") != std::string::npos);
  CHECK(error_of([] { Pickle("\x80\x02N", "a"); }).find("does not end") != std::string::npos);
}

TEST_CASE("tensors stay within their storage") {
  CHECK(complaint(tensor(0, {3, 4}, {4, 1})) == "nothing");
  CHECK(complaint(tensor(11, {}, {})) == "nothing");
  CHECK(complaint(tensor(12, {0}, {1})) == "nothing");
  CHECK(complaint(tensor(0, {0, 2147483647, 2147483647}, {1, 1, 1})) == "nothing");
  check_refused(tensor(1, {3, 4}, {4, 1}), "outside of its storage");
  check_refused(tensor(12, {}, {}), "outside of its storage");
  check_refused(tensor(-1, {2}, {1}), "inconsistent");
  check_refused(tensor(0, {-2}, {1}), "size or stride -2");
  check_refused(tensor(0, {2}, {-1}), "size or stride -1");
  check_refused(tensor(0, {2}, {1, 1}), "inconsistent");
  check_refused(tensor(0, {2}, {2147483647}), "outside of its storage");
  check_refused(tensor(0, {13}, {0}), "larger than its storage");
  check_refused(tensor(0, {65536, 65536, 65536, 65536}, {0, 0, 0, 0}), "larger than its storage");
  check_refused(tensor(0, {1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1}), "a tuple of 7 values");
  check_refused(storage(-1), "storage of -1");
  check_refused(storage(1, "UntypedStorage"), "refers to torch.UntypedStorage");
  check_refused(tuple(text("module") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(1)) + "Q",
                "unknown reference");
  check_refused(
      tuple(text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(1) + tuple("")) +
          "Q",
      "views of others");
}

TEST_CASE("a pickle without end, or one too long, is not followed") {
  CHECK(error_of([] {
          Pickle(std::string(Pickle::most_instructions + 1, 'N') + ".", "a");
        }).find("instructions") != std::string::npos);
  std::string program;
  while (program.size() <= Pickle::largest_size) program += "X\xff\xff\0\0"s + std::string(65535, 'a');
  CHECK(error_of([&] { Pickle(program + ".", "a"); }).find("does not end") != std::string::npos);
}

TEST_CASE("values that contain themselves are freed") {
  const Pickle pickle("\x80\x02]q\1h\1a.", "source");
  CHECK(std::get<PickleList*>(pickle.root())->items.size() == 1);
}

TEST_CASE("random programs of known instructions end in a value or in an error") {
  const std::vector<std::string> instructions = {"(",
                                                 "N",
                                                 "\x88",
                                                 "K\3",
                                                 number(2),
                                                 "\x8a\1\2",
                                                 text("a"),
                                                 "q\1",
                                                 "h\1",
                                                 "q\2",
                                                 "h\2",
                                                 "}",
                                                 "s",
                                                 "u",
                                                 "]",
                                                 ")",
                                                 "a",
                                                 "e",
                                                 "t",
                                                 "\x85",
                                                 "\x86",
                                                 "\x87",
                                                 "R",
                                                 "b",
                                                 "Q",
                                                 "ctorch\nFloatStorage\n",
                                                 "ccollections\nOrderedDict\n",
                                                 "ctorch._utils\n_rebuild_tensor_v2\n",
                                                 "ctorch._utils\n_rebuild_parameter\n",
                                                 storage(3),
                                                 tensor(0, {2}, {1})};
  std::mt19937 generator(1);
  std::uniform_int_distribution<std::size_t> choice(0, instructions.size() - 1);
  int complete = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string program;
    for (int length = 0; length < 12; ++length) program += instructions[choice(generator)];
    complete += complaint(program) == "nothing";
  }
  CHECK(complete > 100);
}
