// Runs the versions of the course on the emulated device and writes what they did into the tables of
// docs/kernels/gemm.md and docs/kernels/conv.md:
//   masktwins_course docs/kernels            rewrites the tables ("make course")
//   masktwins_course --check docs/kernels    only compares; exit status 1 if a table is stale
// The counts are exact, and the same on every machine with the same nvcc.
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/common/cuda.h"
#include "kernels/common/device_scratch.h"
#include "kernels/common/float16.h"
#include "kernels/course/versions.h"
#include "kernels/emulator/emulator.h"

namespace {

using namespace masktwins::kernels;
using masktwins::emulator::Counter;
using masktwins::emulator::Traffic;

struct Row {
  std::string name;
  double products, needed_bytes;  // multiply-adds; every array once
  Counter counts;
};

Counter measure(const std::function<void()>& body) {
  masktwins::emulator::take_counts();
  body();
  cuda::synchronize();
  const auto findings = masktwins::emulator::take_findings();
  if (!findings.empty()) throw std::runtime_error(masktwins::emulator::describe(findings));
  Counter sum;
  for (const auto& kernel : masktwins::emulator::take_counts()) sum += kernel.total();
  return sum;
}

double ratio(int64_t a, int64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }

std::string table(const std::vector<Row>& rows) {
  std::ostringstream out;
  out << "| version | instructions per 1000 products | bytes moved / needed | sectors per request (least) | "
         "shared wavefronts per 1000 products | wavefronts / least |\n| --- | ---: | ---: | ---: | ---: | "
         "---: |\n";
  for (const Row& row : rows) {
    const Traffic &global = row.counts.global, &shared = row.counts.shared;
    char line[256];
    std::snprintf(line, sizeof line, "| %s | %.2f | %.2f | %.2f (%.2f) | %.2f | %.2f |\n", row.name.c_str(),
                  1000 * static_cast<double>(row.counts.executed) / row.products,
                  32 * static_cast<double>(global.sectors) / row.needed_bytes,
                  ratio(global.sectors, global.requests), ratio(global.least_sectors, global.requests),
                  1000 * static_cast<double>(shared.wavefronts) / row.products,
                  shared.requests == 0 ? 1 : ratio(shared.wavefronts, shared.least_wavefronts));
    out << line;
  }
  return out.str();
}

template <class T>
std::string dtype_name() {
  return is_16bit_float<T> ? "bfloat16" : "float";
}

// Zeros: what a kernel does depends on shapes alone.
template <class T>
struct Array : cuda::DeviceScratch<T> {
  explicit Array(int64_t count) : cuda::DeviceScratch<T>(count) {
    cuda::clear(this->data(), static_cast<std::size_t>(count) * sizeof(T));
  }
};

template <int version, class T>
Row gemm_row(int64_t size) {
  const Array<T> a(size * size), b(size * size), c(size * size);
  const MatmulArgs<T> args{size, size, size, a.data(), b.data(), c.data(), false, true};
  const double edge = static_cast<double>(size);
  return {"v" + std::to_string(version) + " " + dtype_name<T>(), edge * edge * edge,
          3 * edge * edge * sizeof(T), measure([&] { cuda::matmul_version<version>(args); })};
}

std::string gemm_table() {
  constexpr int64_t size = 128;
  return table({gemm_row<1, float>(size), gemm_row<2, float>(size), gemm_row<3, float>(size),
                gemm_row<4, bfloat16>(size)});
}

template <int version, class T>
void add_convolution_rows(const Conv2dShape& s, std::vector<Row>& rows) {
  const int64_t x_count = s.batch * s.height * s.width * s.in_channels, weights = s.out_channels * s.taps(),
                y_count = s.batch * s.out_height() * s.out_width() * s.out_channels;
  const Array<T> x(x_count), weight(weights), y(y_count);
  const std::string name = " v" + std::to_string(version) + " " + dtype_name<T>();
  const double products = static_cast<double>(y_count * s.taps());
  const double bytes = static_cast<double>((x_count + weights + y_count) * static_cast<int64_t>(sizeof(T)));
  rows.push_back(
      {"forward" + name, products, bytes, measure([&] {
         cuda::conv2d_version<version>(Conv2dArgs<T>{s, x.data(), weight.data(), nullptr, y.data()});
       })});
  rows.push_back({"backward data" + name, products, bytes, measure([&] {
                    cuda::conv2d_backward_data_version<version>(
                        Conv2dBackwardDataArgs<T>{s, y.data(), weight.data(), nullptr, x.data()});
                  })});
  rows.push_back({"backward weight" + name, products, bytes, measure([&] {
                    cuda::conv2d_backward_weight_version<version>(
                        Conv2dBackwardWeightArgs<T>{s, x.data(), y.data(), weight.data()});
                  })});
}

std::string convolution_table() {
  const Conv2dShape shape{1, 32, 16, 32, 64, 3, 3, 1, 1, 1};
  std::vector<Row> rows;
  add_convolution_rows<1, float>(shape, rows);
  add_convolution_rows<2, float>(shape, rows);
  add_convolution_rows<3, float>(shape, rows);
  add_convolution_rows<4, bfloat16>(shape, rows);
  return table(rows);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The text of the file with the table between its two marks replaced.
std::string with_table(const std::string& text, const std::string& path, const std::string& table) {
  const std::string begin = "<!-- measured: make course -->\n", end = "<!-- end -->";
  const std::size_t first = text.find(begin), last = text.find(end);
  if (first == std::string::npos || last == std::string::npos)
    throw std::runtime_error(path + " has no table between \"" + begin + "\" and \"" + end + "\"");
  return text.substr(0, first + begin.size()) + table + text.substr(last);
}

// Whether the file was current.
bool update(const std::string& path, const std::string& table, bool only_check) {
  const std::string before = read_file(path), after = with_table(before, path, table);
  if (before == after) return true;
  if (only_check) std::cerr << path << " is stale; run make course. It should say\n" << table;
  else std::ofstream(path) << after;
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const bool only_check = argc == 3 && std::string(argv[1]) == "--check";
  if (argc != 2 && !only_check) {
    std::cerr << "usage: masktwins_course [--check] docs/kernels\n";
    return 2;
  }
  const std::string folder = argv[argc - 1];
  try {
    const bool gemm = update(folder + "/gemm.md", gemm_table(), only_check);
    const bool convolution = update(folder + "/conv.md", convolution_table(), only_check);
    return only_check && !(gemm && convolution) ? 1 : 0;
  } catch (const std::exception& error) {
    std::cerr << "masktwins_course: " << error.what() << "\n";
    return 1;
  }
}
