#include "kernels/vendor/cudnn_conv2d.h"

#include <array>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>

#include "kernels/add_bias.h"
#include "kernels/common/device_scratch.h"
#include "kernels/common/lru_cache.h"
#include "kernels/vendor/cudnn.h"

namespace masktwins::kernels::cuda {
namespace {

template <class Handle, cudnnStatus_t (*create)(Handle*), cudnnStatus_t (*destroy)(Handle)>
class Descriptor {
 public:
  Descriptor() { check(create(&handle_), "creating a descriptor"); }
  ~Descriptor() {
    if (handle_ != nullptr) destroy(handle_);
  }
  Descriptor(Descriptor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  operator Handle() const { return handle_; }

 private:
  Handle handle_ = nullptr;
};
using TensorDescriptor =
    Descriptor<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using FilterDescriptor =
    Descriptor<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using ConvolutionDescriptor = Descriptor<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor,
                                         cudnnDestroyConvolutionDescriptor>;

int narrow(int64_t value) {
  if (value > std::numeric_limits<int>::max())
    throw std::runtime_error("cuDNN: a convolution of size " + std::to_string(value) +
                             " is too large; use a smaller batch or crop");
  return static_cast<int>(value);
}

// What cuDNN has to know about one convolution, whichever of the three passes runs.
struct Problem {
  TensorDescriptor x, y;
  FilterDescriptor weight;
  ConvolutionDescriptor convolution;

  Problem(const Conv2dShape& s, cudnnDataType_t type) {
    const auto set_tensor = [&](cudnnTensorDescriptor_t tensor, int64_t channels, int64_t height,
                                int64_t width) {
      check(cudnnSetTensor4dDescriptor(tensor, CUDNN_TENSOR_NHWC, type, narrow(s.batch), narrow(channels),
                                       narrow(height), narrow(width)),
            "cudnnSetTensor4dDescriptor");
    };
    set_tensor(x, s.in_channels, s.height, s.width);
    set_tensor(y, s.out_channels, s.out_height(), s.out_width());
    check(cudnnSetFilter4dDescriptor(weight, type, CUDNN_TENSOR_NHWC, narrow(s.out_channels),
                                     narrow(s.in_channels), narrow(s.kernel_height), narrow(s.kernel_width)),
          "cudnnSetFilter4dDescriptor");
    const int padding = narrow(s.padding), stride = narrow(s.stride), dilation = narrow(s.dilation);
    check(cudnnSetConvolution2dDescriptor(convolution, padding, padding, stride, stride, dilation, dilation,
                                          CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
          "cudnnSetConvolution2dDescriptor");
    // The default would round the factors of float products to TF32's 10 bits.
    check(cudnnSetConvolutionMathType(convolution,
                                      type == CUDNN_DATA_FLOAT ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH),
          "cudnnSetConvolutionMathType");
  }
};

template <class Algorithm>
struct Plan {
  Problem problem;
  std::optional<Algorithm> algorithm;  // none takes this problem
  std::size_t workspace = 0;           // bytes
};

using Key = std::tuple<std::array<int64_t, 10>, cudnnDataType_t>;

template <class Algorithm>
LruCache<Key, Plan<Algorithm>>& plans() {
  static LruCache<Key, Plan<Algorithm>> cache(most_cudnn_plans);
  return cache;
}

// The first algorithm of the list that takes the problem: by the shape alone, so that a repeated call repeats
// every bit. workspace_size(problem, algorithm, &bytes) asks cuDNN.
template <class Algorithm, class WorkspaceSize>
Plan<Algorithm>& plan(const Conv2dShape& s, cudnnDataType_t type, std::initializer_list<Algorithm> algorithms,
                      WorkspaceSize&& workspace_size) {
  const std::array<int64_t, 10> sizes{s.batch,         s.in_channels,  s.height, s.width,   s.out_channels,
                                      s.kernel_height, s.kernel_width, s.stride, s.padding, s.dilation};
  return plans<Algorithm>().get({sizes, type}, [&] {
    Plan<Algorithm> made{Problem(s, type), {}, 0};
    for (const Algorithm algorithm : algorithms) {
      const cudnnStatus_t status = workspace_size(made.problem, algorithm, &made.workspace);
      if (CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED) continue;
      check(status, "the size of a convolution's workspace");
      made.algorithm = algorithm;
      break;
    }
    return made;
  });
}

// False, now and for the next calls, if the algorithm turns out not to take the problem.
template <class Algorithm>
bool done(cudnnStatus_t status, const char* call, std::optional<Algorithm>& algorithm) {
  if (CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED) algorithm.reset();
  else check(status, call);
  return algorithm.has_value();
}

// result = 1 * convolution + 0 * result
constexpr float one = 1, zero = 0;

}  // namespace

template <class T>
bool cudnn_conv2d(const Conv2dArgs<T>& args) {
  auto& [problem, algorithm, bytes] =
      plan(args.shape, cudnn_type<T>(),
           {CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM},
           [](const Problem& p, cudnnConvolutionFwdAlgo_t candidate, std::size_t* size) {
             return cudnnGetConvolutionForwardWorkspaceSize(cudnn_handle(), p.x, p.weight, p.convolution, p.y,
                                                            candidate, size);
           });
  if (!algorithm) return false;
  const DeviceScratch<char> workspace(static_cast<int64_t>(bytes));
  const cudnnStatus_t status = cudnnConvolutionForward(
      cudnn_handle(), &one, problem.x, args.x, problem.weight, args.weight, problem.convolution, *algorithm,
      workspace.data(), bytes, &zero, problem.y, args.y);
  if (!done(status, "cudnnConvolutionForward", algorithm)) return false;
  const Conv2dShape& s = args.shape;
  if (args.bias != nullptr)
    add_bias(AddBiasArgs<T>{args.y, args.bias, s.batch * s.out_height() * s.out_width(), s.out_channels});
  return true;
}

template <class T>
bool cudnn_conv2d_backward_data(const Conv2dBackwardDataArgs<T>& args) {
  auto& [problem, algorithm, bytes] =
      plan(args.shape, cudnn_type<T>(), {CUDNN_CONVOLUTION_BWD_DATA_ALGO_1},
           [](const Problem& p, cudnnConvolutionBwdDataAlgo_t candidate, std::size_t* size) {
             return cudnnGetConvolutionBackwardDataWorkspaceSize(cudnn_handle(), p.weight, p.y, p.convolution,
                                                                 p.x, candidate, size);
           });
  if (!algorithm) return false;
  const DeviceScratch<char> workspace(static_cast<int64_t>(bytes));
  const cudnnStatus_t status = cudnnConvolutionBackwardData(
      cudnn_handle(), &one, problem.weight, args.weight, problem.y, args.dy, problem.convolution, *algorithm,
      workspace.data(), bytes, &zero, problem.x, args.dx);
  if (!done(status, "cudnnConvolutionBackwardData", algorithm)) return false;
  const Conv2dShape& s = args.shape;
  if (args.bias != nullptr)
    add_bias(AddBiasArgs<T>{args.dx, args.bias, s.batch * s.height * s.width, s.in_channels});
  return true;
}

template <class T>
bool cudnn_conv2d_backward_weight(const Conv2dBackwardWeightArgs<T>& args) {
  auto& [problem, algorithm, bytes] =
      plan(args.shape, cudnn_type<T>(), {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1},
           [](const Problem& p, cudnnConvolutionBwdFilterAlgo_t candidate, std::size_t* size) {
             return cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnn_handle(), p.x, p.y, p.convolution,
                                                                   p.weight, candidate, size);
           });
  if (!algorithm) return false;
  const DeviceScratch<char> workspace(static_cast<int64_t>(bytes));
  const cudnnStatus_t status = cudnnConvolutionBackwardFilter(
      cudnn_handle(), &one, problem.x, args.x, problem.y, args.dy, problem.convolution, *algorithm,
      workspace.data(), bytes, &zero, problem.weight, args.dweight);
  if (!done(status, "cudnnConvolutionBackwardFilter", algorithm)) return false;
  return true;
}

std::size_t cudnn_plan_count() {
  return plans<cudnnConvolutionFwdAlgo_t>().size() + plans<cudnnConvolutionBwdDataAlgo_t>().size() +
         plans<cudnnConvolutionBwdFilterAlgo_t>().size();
}

template bool cudnn_conv2d(const Conv2dArgs<float>&);
template bool cudnn_conv2d(const Conv2dArgs<bfloat16>&);
template bool cudnn_conv2d(const Conv2dArgs<float16>&);
template bool cudnn_conv2d_backward_data(const Conv2dBackwardDataArgs<float>&);
template bool cudnn_conv2d_backward_data(const Conv2dBackwardDataArgs<bfloat16>&);
template bool cudnn_conv2d_backward_data(const Conv2dBackwardDataArgs<float16>&);
template bool cudnn_conv2d_backward_weight(const Conv2dBackwardWeightArgs<float>&);
template bool cudnn_conv2d_backward_weight(const Conv2dBackwardWeightArgs<bfloat16>&);
template bool cudnn_conv2d_backward_weight(const Conv2dBackwardWeightArgs<float16>&);

}  // namespace masktwins::kernels::cuda
