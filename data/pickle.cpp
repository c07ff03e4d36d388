#include "data/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <optional>

#include "tensor/shape.h"

namespace masktwins::data {
namespace {

struct StorageClass {
  std::string_view name;
  DType dtype;
};
constexpr std::array<StorageClass, 8> storage_classes{{{"torch.FloatStorage", DType::float32},
                                                       {"torch.DoubleStorage", DType::float64},
                                                       {"torch.HalfStorage", DType::float16},
                                                       {"torch.BFloat16Storage", DType::bfloat16},
                                                       {"torch.IntStorage", DType::int32},
                                                       {"torch.LongStorage", DType::int64},
                                                       {"torch.ByteStorage", DType::uint8},
                                                       {"torch.BoolStorage", DType::uint8}}};

constexpr int64_t most_elements = int64_t{1} << 48;  // of a storage; keeps products from overflowing

constexpr std::string_view ordered_dict = "collections.OrderedDict";
constexpr std::string_view rebuild_tensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view rebuild_parameter = "torch._utils._rebuild_parameter";

// Training programs note scores as NumPy numbers.
constexpr std::array<std::string_view, 4> ignored_globals{
    "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype", "_codecs.encode"};

bool is_known(std::string_view name) {
  return name == ordered_dict || name == rebuild_tensor || name == rebuild_parameter ||
         std::ranges::find(storage_classes, name, &StorageClass::name) != storage_classes.end() ||
         std::ranges::find(ignored_globals, name) != ignored_globals.end();
}

// Text from a file, fit for one line of a message.
std::string printable(std::string_view text) {
  constexpr std::size_t most_shown = 80;
  std::string shown(text.substr(0, most_shown));
  std::ranges::replace_if(
      shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown + (text.size() > most_shown ? "..." : "");
}

}  // namespace

class Pickle::Machine {
 public:
  Machine(std::string_view bytes, const std::string& source, Pickle& out)
      : bytes_(bytes), source_(source), out_(out) {}

  void run() {
    for (std::size_t count = 0; count < most_instructions; ++count)
      if (step()) return;
    fail(source_, ": its pickle has more than ", most_instructions, " instructions; not read");
  }

 private:
  using Values = std::vector<PickleValue>;

  // --- input ---

  template <class... Parts>
  void check(bool holds, const Parts&... parts) const {
    require(holds, source_, ": damaged or not written by PyTorch: ", parts..., " at byte ", position_,
            " of its pickle");
  }

  [[noreturn]] void refuse(const std::string& what) const {
    fail(source_, ": is more than a state_dict: ", what,
         "; nothing of it was executed. Save it in PyTorch with torch.save(model.state_dict(), FILE)");
  }

  std::string_view take(std::size_t count) {
    check(count <= bytes_.size() - position_, "it ends too early");
    const std::string_view taken = bytes_.substr(position_, count);
    position_ += count;
    return taken;
  }

  template <class T>
  T take_number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string_view take_line() {
    const std::size_t end = bytes_.find('\n', position_);
    check(end != std::string_view::npos, "a name without end");
    const std::string_view line = take(end - position_);
    take(1);
    return line;
  }

  double take_big_endian_double() {
    return std::bit_cast<double>(__builtin_bswap64(take_number<uint64_t>()));
  }

  int64_t take_long() {
    const std::size_t size = take_number<uint8_t>();
    check(size <= sizeof(int64_t), "an integer of ", size, " bytes");
    const std::string_view bytes = take(size);
    const bool negative = size > 0 && (static_cast<unsigned char>(bytes.back()) & 0x80);
    int64_t value = negative ? -1 : 0;
    std::memcpy(&value, bytes.data(), size);
    return value;
  }

  void take_protocol() {
    const int protocol = take_number<uint8_t>();
    if (protocol != 2) refuse(concat_text("it uses pickle protocol ", protocol, " instead of 2"));
  }

  PickleGlobal take_global() {
    const std::string_view module = take_line(), name = take_line();
    PickleGlobal global{std::string(module) + "." + std::string(name)};
    if (!is_known(global.name)) refuse("it refers to " + printable(global.name));
    return global;
  }

  // --- stack ---

  void push(PickleValue value) { stack_.push_back(value); }

  PickleValue pop() {
    check(stack_.size() > (marks_.empty() ? 0 : marks_.back()), "a value is missing");
    const PickleValue value = stack_.back();
    stack_.pop_back();
    return value;
  }

  Values pop_to_mark() {
    check(!marks_.empty(), "a mark is missing");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    Values values(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return values;
  }

  template <class T>
  T as(const PickleValue& value, const char* what) const {
    const T* found = std::get_if<T>(&value);
    check(found != nullptr, "expected ", what);
    return *found;
  }

  template <class T>
  T top(const char* what) const {
    check(!stack_.empty(), "a value is missing");
    return as<T>(stack_.back(), what);
  }

  // An object in the pickle's own memory, as a value.
  template <class T>
  T* keep(std::deque<T>& memory, T object) {
    memory.push_back(std::move(object));
    return &memory.back();
  }
  void push_string(std::string_view text) {
    push(static_cast<const std::string*>(keep(out_.strings_, std::string(text))));
  }
  void push_list(Values items) { push(keep(out_.lists_, PickleList{std::move(items)})); }

  void push_tuple(std::size_t count) {
    Values items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    push_list(std::move(items));
  }

  void recall(uint32_t index) {
    const auto found = memo_.find(index);
    check(found != memo_.end(), "it recalls a value that was never stored");
    push(found->second);
  }

  void memorize(uint32_t index) {
    check(!stack_.empty(), "a value is missing");
    memo_[index] = stack_.back();
  }

  // --- containers and tensors ---

  void append(const Values& items) {
    Values& list = top<PickleList*>("a list")->items;
    list.insert(list.end(), items.begin(), items.end());
  }

  void set_items(const Values& items) {
    check(items.size() % 2 == 0, "a key without value");
    auto& dict = top<PickleDict*>("a dictionary")->items;
    for (std::size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
  }

  const Values& argument_list(const PickleValue& value, std::size_t least, std::size_t most) const {
    const Values& items = as<PickleList*>(value, "a tuple")->items;
    check(items.size() >= least && items.size() <= most, "a tuple of ", items.size(), " values");
    return items;
  }

  // ("storage", class, key, device, elements), in the older format also the place of a view.
  const TorchStorage* storage(const PickleValue& reference) {
    const Values& items = argument_list(reference, 5, 6);
    check(*as<const std::string*>(items[0], "a string") == "storage", "an unknown reference");
    const std::string& type = as<const PickleGlobal*>(items[1], "a storage class")->name;
    const auto known = std::ranges::find(storage_classes, type, &StorageClass::name);
    check(known != storage_classes.end(), "the storage class ", type);
    if (items.size() == 6 && !std::holds_alternative<std::monostate>(items[5]))
      refuse("its storages are views of others");
    const auto elements = as<int64_t>(items[4], "a number of elements");
    check(elements >= 0 && elements <= most_elements, "a storage of ", elements, " elements");
    return keep(out_.storages_, {as<const std::string*>(items[2], "a storage key"), known->dtype, elements});
  }

  std::vector<int64_t> sizes(const PickleValue& value) const {
    std::vector<int64_t> result;
    for (const PickleValue& item : argument_list(value, 0, Shape::max_rank)) {
      const auto size = as<int64_t>(item, "a size");
      check(size >= 0, "the size or stride ", size);
      result.push_back(size);
    }
    return result;
  }

  // (storage, offset, sizes, strides, requires_grad, hooks[, metadata])
  const TorchTensor* tensor(const PickleValue& arguments) {
    const Values& items = argument_list(arguments, 6, 7);
    const TorchTensor tensor{as<const TorchStorage*>(items[0], "a storage"),
                             as<int64_t>(items[1], "an offset"), sizes(items[2]), sizes(items[3])};
    check(
        tensor.sizes.size() == tensor.strides.size() && tensor.offset >= 0 && tensor.offset <= most_elements,
        "an inconsistent tensor");
    if (std::ranges::count(tensor.sizes, 0) > 0) return keep(out_.tensors_, tensor);
    const int64_t available = tensor.storage->elements;
    int64_t count = 1, last = tensor.offset;
    for (std::size_t i = 0; i < tensor.sizes.size(); ++i) {
      check(count <= available / tensor.sizes[i], "a tensor larger than its storage");
      count *= tensor.sizes[i];
      const int64_t steps = tensor.sizes[i] - 1;
      check(steps == 0 || tensor.strides[i] <= available / steps, "a tensor outside of its storage");
      last += steps * tensor.strides[i];
    }
    check(last < available, "a tensor outside of its storage");
    return keep(out_.tensors_, tensor);
  }

  // What PyTorch would call with these arguments, done here.
  PickleValue result_of(const std::string& function, const PickleValue& arguments) {
    if (function == ordered_dict) {
      argument_list(arguments, 0, 0);
      return keep(out_.dicts_, {});
    }
    if (function == rebuild_tensor) return tensor(arguments);
    if (function == rebuild_parameter) return argument_list(arguments, 3, 3)[0];
    if (std::ranges::find(ignored_globals, function) != ignored_globals.end()) return PickleIgnored{};
    refuse("it calls " + function);
  }

  void reduce() {
    const PickleValue arguments = pop();
    const std::string& function = as<const PickleGlobal*>(pop(), "a function")->name;
    push(result_of(function, arguments));
  }

  // Attributes of an object: state_dicts carry _metadata.
  void build() {
    pop();
    check(!stack_.empty(), "a value is missing");
    check(std::holds_alternative<PickleDict*>(stack_.back()) ||
              std::holds_alternative<PickleIgnored>(stack_.back()),
          "attributes of something that has none");
  }

  // --- instructions ---

  // One instruction; true when the pickle is complete.
  bool step() {
    check(position_ < bytes_.size() && position_ < largest_size, "it does not end");
    switch (const auto code = take_number<uint8_t>()) {
      case 0x80: take_protocol(); break;
      case '.':
        out_.root_ = pop();
        out_.size_ = position_;
        return true;
      case '(': marks_.push_back(stack_.size()); break;
      case 'N': push(std::monostate{}); break;
      case 0x88: push(true); break;
      case 0x89: push(false); break;
      case 'K': push(int64_t{take_number<uint8_t>()}); break;
      case 'M': push(int64_t{take_number<uint16_t>()}); break;
      case 'J': push(int64_t{take_number<int32_t>()}); break;
      case 0x8a: push(take_long()); break;
      case 'G': push(take_big_endian_double()); break;
      case 'X': push_string(take(take_number<uint32_t>())); break;
      case 'U': push_string(take(take_number<uint8_t>())); break;
      case 'q': memorize(take_number<uint8_t>()); break;
      case 'r': memorize(take_number<uint32_t>()); break;
      case 'h': recall(take_number<uint8_t>()); break;
      case 'j': recall(take_number<uint32_t>()); break;
      case '}': push(keep(out_.dicts_, {})); break;
      case 's': {
        const PickleValue value = pop(), key = pop();
        set_items({key, value});
        break;
      }
      case 'u': set_items(pop_to_mark()); break;
      case ']':
      case ')': push_list({}); break;
      case 'a': append({pop()}); break;
      case 'e': append(pop_to_mark()); break;
      case 't': push_list(pop_to_mark()); break;
      case 0x85: push_tuple(1); break;
      case 0x86: push_tuple(2); break;
      case 0x87: push_tuple(3); break;
      case 'c': push(static_cast<const PickleGlobal*>(keep(out_.globals_, take_global()))); break;
      case 'Q': push(storage(pop())); break;
      case 'R': reduce(); break;
      case 'b': build(); break;
      default: refuse(concat_text("its pickle has instruction ", int{code}, " at byte ", position_ - 1));
    }
    return false;
  }

  std::string_view bytes_;
  const std::string& source_;
  Pickle& out_;
  std::size_t position_ = 0;
  Values stack_;
  std::vector<std::size_t> marks_;
  std::map<uint32_t, PickleValue> memo_;
};

Pickle::Pickle(std::string_view bytes, const std::string& source) { Machine(bytes, source, *this).run(); }

}  // namespace masktwins::data
