// A CUDA driver, NVRTC and the stream calls of libtorch for a device that is the processor itself: the
// kernels are compiled as C++ and run thread after thread. Everything that a real driver checks about a
// launch is checked here too.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

struct Axes {
    unsigned int x, y, z;
};
static thread_local Axes blockIdx, blockDim, threadIdx;
#define __global__
#define __device__

static inline float __uint_as_float(unsigned int bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
static inline unsigned int __float_as_uint(float value) {
    unsigned int bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

#include KERNELS

// A real launch copies as many bytes per argument as the parameter has: so do the types of the kernel.
template <class... A, std::size_t... I>
static void call(void (*kernel)(A...), void **arguments, std::index_sequence<I...>) {
    kernel(*static_cast<A *>(arguments[I])...);
}
template <class... A> static void call(void (*kernel)(A...), void **arguments) {
    call(kernel, arguments, std::index_sequence_for<A...>{});
}

using Kernel = void (*)(void **);
static Kernel kernels[3] = {
    [](void **arguments) { call(draw, arguments); },
    [](void **arguments) { call(gains, arguments); },
    [](void **arguments) { call(normal_to_laplace, arguments); },
};
static const char *const names[3] = {"draw", "gains", "normal_to_laplace"};
static const char code[] = "machine code";
static int context, module, stream_of_thread, program;
static thread_local int depth = 0;
static thread_local int failure = 0;

extern "C" {
// The next launch fails with this error.
void fail_next(int error) { failure = error; }

int cuInit(unsigned int) { return 0; }
int cuDeviceGet(int *device, int ordinal) { return *device = ordinal, ordinal == 0 ? 0 : 101; }
int cuDeviceGetAttribute(int *value, int which, int) {
    *value = which == 75 ? 9 : 0;
    return which == 75 || which == 76 ? 0 : 1;
}
int cuDevicePrimaryCtxRetain(void **out, int) { return *out = &context, 0; }
int cuCtxPushCurrent_v2(void *which) { return which == &context ? (++depth, 0) : 201; }
int cuCtxPopCurrent_v2(void **out) { return *out = &context, depth-- > 0 ? 0 : 201; }
int cuModuleLoadData(void **out, const void *image) {
    if (depth != 1 || std::memcmp(image, code, sizeof code) != 0) return 200;
    return *out = &module, 0;
}
int cuModuleGetFunction(void **out, void *from, const char *name) {
    for (int i = 0; i < 3; ++i) {
        if (from == &module && std::string(name) == names[i]) return *out = &kernels[i], 0;
    }
    return 500;
}
int cuLaunchKernel(void *function, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx,
                   unsigned int by, unsigned int bz, unsigned int shared, void *stream, void **arguments,
                   void **extra) {
    if (failure != 0) return std::exchange(failure, 0);
    bool shaped = gx > 0 && gy > 0 && gy <= 65535 && gz == 1 && bx * by * bz <= 1024 && bx % 32 == 0;
    if (depth != 1 || !shaped || shared != 0 || extra != nullptr) return 1;
    if (stream != &stream_of_thread) return 400;
    Kernel kernel = *static_cast<Kernel *>(function);
    blockDim = {bx, by, bz};
    for (unsigned int y = 0; y < gy; ++y)
        for (unsigned int x = 0; x < gx; ++x)
            for (unsigned int t = 0; t < bx; ++t) {
                blockIdx = {x, y, 0};
                threadIdx = {t, 0, 0};
                kernel(arguments);
            }
    return 0;
}

int nvrtcCreateProgram(void **out, const char *source, const char *, int headers, const char *const *,
                       const char *const *) {
    return *out = &program, headers == 0 && std::strstr(source, "philox4x32") != nullptr ? 0 : 3;
}
int nvrtcCompileProgram(void *, int count, const char *const *options) {
    bool exact = false, device = false;
    for (int i = 0; i < count; ++i) {
        exact |= std::string(options[i]) == "--fmad=false";
        device |= std::string(options[i]) == "--gpu-architecture=sm_90";
    }
    return exact && device ? 0 : 5;
}
int nvrtcDestroyProgram(void **) { return 0; }
int nvrtcGetProgramLogSize(void *, std::size_t *size) { return *size = 1, 0; }
int nvrtcGetProgramLog(void *, char *log) { return *log = 0, 0; }
int nvrtcGetCUBINSize(void *, std::size_t *size) { return *size = sizeof code, 0; }
int nvrtcGetCUBIN(void *, char *out) { return std::memcpy(out, code, sizeof code), 0; }

int aoti_torch_get_current_cuda_stream(std::int32_t device, void **out) {
    return *out = &stream_of_thread, device;
}
int torch_get_cuda_stream_from_pool(bool, std::int32_t device, void **out) {
    return *out = &stream_of_thread, device;
}
int torch_set_current_cuda_stream(void *stream, std::int32_t device) {
    return stream == &stream_of_thread ? device : 1;
}
}
