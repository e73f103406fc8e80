// bench_convolutions [part of a name]: GFLOP/s of the plain sum of every kernel of the convolutions and their
// gradients, in turn over several rounds, for layers of the benchmark's models.
#include "backends/ops/convolution/convolution.h"
#include "bench/cpp/kernels.h"

using namespace lamina;

namespace {

struct Case {
  const char* name;
  Shape x, w;
  Window window;
  int64_t groups = 1;
};

void measure(const char* what, const Primitive& op, const Tensor& a, const Tensor& b, const TensorSpec& result,
             double flops) {
  std::vector<std::string> names;
  for (const KernelInfo& info : registered_kernels())
    if (info.primitive == op.name() && info.name != "reference" && info.name != "gemm" && info.name != "winograd" &&
        info.name != "winograd_planes" && info.name != "eigen")
      names.push_back(info.name);
  std::printf("  %-12s", what);
  print_kernels(names, op, a, b, result, flops);
}

void measure(const Case& c) {
  const ConvolutionOp forward(c.window, c.groups);
  const Tensor x = noise(c.x), w = noise(c.w);
  const std::vector<TensorSpec> in = {x.spec(), w.spec()};
  const TensorSpec y = forward.infer(in)[0];
  const Tensor g = noise(y.shape);
  std::vector<int64_t> rest, sizes;
  for (int i = 0; i < c.window.rank(); ++i)
    rest.push_back(c.window.rest(i, c.x[i + 1], c.w[i])), sizes.push_back(c.w[i]);
  const double flops = 2.0 * static_cast<double>(y.shape.elements()) * static_cast<double>(c.w.elements() / c.w.back());
  std::printf("%s\n", c.name);
  measure("forward", forward, x, w, y, flops);
  measure("input grad", ConvolutionInputGradOp(c.window, c.groups, rest), g, w, x.spec(), flops);
  measure("weight grad", ConvolutionWeightGradOp(c.window, c.groups, sizes), x, g, w.spec(), flops);
}

}  // namespace

int main(int argc, char** argv) {
  const Window valid{{1, 1}, {0, 0}, {0, 0}, {1, 1}}, same{{1, 1}, {1, 1}, {1, 1}, {1, 1}},
      half{{2, 2}, {0, 0}, {1, 1}, {1, 1}}, skip{{2, 2}, {0, 0}, {0, 0}, {1, 1}}, time{{1}, {2}, {2}, {1}};
  for (const Case& c :
       std::vector<Case>{{"cnn, first", {128, 28, 28, 1}, {3, 3, 1, 32}, valid},
                         {"cnn, second", {128, 13, 13, 32}, {3, 3, 32, 64}, valid},
                         {"resnet, 16 channels", {32, 32, 32, 16}, {3, 3, 16, 16}, same},
                         {"resnet, to 32 channels", {32, 32, 32, 16}, {3, 3, 16, 32}, half},
                         {"resnet, 64 channels", {32, 8, 8, 64}, {3, 3, 64, 64}, same},
                         {"resnet, one image", {1, 32, 32, 16}, {3, 3, 16, 16}, same},
                         {"resnet, one image, 32 channels", {1, 16, 16, 32}, {3, 3, 32, 32}, same},
                         {"resnet, one image, 64 channels", {1, 8, 8, 64}, {3, 3, 64, 64}, same},
                         {"resnet, one image, to 32 channels", {1, 32, 32, 16}, {3, 3, 16, 32}, half},
                         {"resnet, one image, to 64 channels", {1, 16, 16, 32}, {3, 3, 32, 64}, half},
                         {"resnet, one image, beside 32 channels", {1, 32, 32, 16}, {1, 1, 16, 32}, skip},
                         {"resnet, one image, beside 64 channels", {1, 16, 16, 32}, {1, 1, 32, 64}, skip},
                         {"resnet, beside 32 channels", {32, 32, 32, 16}, {1, 1, 16, 32}, skip},
                         {"resnet, one image, stem", {1, 32, 32, 3}, {3, 3, 3, 16}, same},
                         {"wide, 112x112 of 64", {1, 112, 112, 64}, {3, 3, 64, 64}, same},
                         {"wide, 112x112 of 64 to 128", {1, 112, 112, 64}, {3, 3, 64, 128}, same},
                         {"wide, 56x56 of 128", {1, 56, 56, 128}, {3, 3, 128, 128}, same},
                         {"wide, 28x28 of 128, four", {4, 28, 28, 128}, {3, 3, 128, 128}, same},
                         {"wide, 56x56 of 256", {1, 56, 56, 256}, {3, 3, 256, 256}, same},
                         {"wide, 28x28 of 256", {1, 28, 28, 256}, {3, 3, 256, 256}, same},
                         {"wide, 14x14 of 256, four", {4, 14, 14, 256}, {3, 3, 256, 256}, same},
                         {"wide, 28x28 of 512", {1, 28, 28, 512}, {3, 3, 512, 512}, same},
                         {"wide, 14x14 of 512", {1, 14, 14, 512}, {3, 3, 512, 512}, same},
                         {"wide, 14x14 of 512, four", {4, 14, 14, 512}, {3, 3, 512, 512}, same},
                         {"wide, 14x14 of 508", {1, 14, 14, 508}, {3, 3, 508, 508}, same},
                         {"wide, 7x7 of 512, four", {4, 7, 7, 512}, {3, 3, 512, 512}, same},
                         {"conv1d, first", {64, 128, 9}, {5, 9, 64}, time},
                         {"conv1d, second", {64, 128, 64}, {5, 64, 64}, time},
                         {"conv1d, fourth", {64, 64, 128}, {5, 128, 128}, time},
                         {"conv1d, one sample", {1, 128, 64}, {5, 64, 64}, time},
                         {"autoencoder, stem", {64, 28, 28, 1}, {3, 3, 1, 32}, half},
                         {"autoencoder, down", {64, 14, 14, 32}, {3, 3, 32, 64}, half},
                         {"autoencoder, up", {64, 28, 28, 32}, {3, 3, 32, 64}, half},
                         {"autoencoder, pixels", {64, 28, 28, 32}, {3, 3, 32, 1}, same},
                         {"mobilenet, stem", {16, 64, 64, 3}, {3, 3, 3, 16}, half},
                         {"mobilenet, pointwise 64", {16, 16, 16, 64}, {1, 1, 64, 64}, valid},
                         {"mobilenet, pointwise 256", {16, 4, 4, 256}, {1, 1, 256, 256}, valid},
                         {"mobilenet, pointwise 64, one image", {1, 16, 16, 64}, {1, 1, 64, 64}, valid},
                         {"mobilenet, pointwise 256, one image", {1, 4, 4, 256}, {1, 1, 256, 256}, valid},
                         {"mobilenet, depthwise 32", {16, 32, 32, 32}, {3, 3, 1, 32}, same, 32},
                         {"mobilenet, depthwise 128", {16, 8, 8, 128}, {3, 3, 1, 128}, same, 128},
                         {"mobilenet, depthwise 64, halving", {16, 16, 16, 64}, {3, 3, 1, 64}, half, 64},
                         {"mobilenet, depthwise 64, one image", {1, 16, 16, 64}, {3, 3, 1, 64}, same, 64}})
    if (argc < 2 || std::string_view(c.name).find(argv[1]) != std::string_view::npos) measure(c);
}
