// Random numbers on the device: the integers of `rng.rs`, the layout of `random.rs`, the polynomials of
// `simd.rs`. Compiled at run time by NVRTC without fusing multiplications and additions, so every
// operation is IEEE arithmetic in the order written and the bits are those of the CPU.
//
// A row is one realization; row r draws for realization `first + r`. The y axis of the grid counts rows.
// Also plain C++, with `__global__` and the built-in variables defined by whoever includes it: so it is
// tested without a GPU.

// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011).
__device__ static inline void philox4x32(unsigned int counter[4], unsigned int k0, unsigned int k1) {
    for (int round = 0; round < 10; ++round) {
        unsigned long long p0 = 0xD2511F53ull * counter[0];
        unsigned long long p1 = 0xCD9E8D57ull * counter[2];
        unsigned int c1 = counter[1], c3 = counter[3];
        counter[0] = (unsigned int)(p1 >> 32) ^ c1 ^ k0;
        counter[1] = (unsigned int)p1;
        counter[2] = (unsigned int)(p0 >> 32) ^ c3 ^ k1;
        counter[3] = (unsigned int)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

// Uniform in (0, 1): the centres of 2^24 equal cells.
__device__ static inline float uniform(unsigned int word) {
    return ((float)(word >> 8) + 0.5f) * (1.0f / 16777216.0f);
}

// ln x for positive normal x, as `simd::ln`.
__device__ static inline float ln(float x) {
    unsigned int shifted = __float_as_uint(x) + (0x3f800000u - 0x3f3504f3u);
    float exponent = (float)((int)(shifted >> 23) - 127);
    float m = __uint_as_float((shifted & 0x007fffffu) + 0x3f3504f3u);
    float s = (m - 1.0f) / (m + 1.0f);
    float z = s * s;
    float p = z * (1.0f / 3.0f + z * (1.0f / 5.0f + z * (1.0f / 7.0f + z * (1.0f / 9.0f))));
    return exponent * 0.6933594f + (exponent * -2.1219444e-4f + 2.0f * (s + s * p));
}

__device__ static inline float with_sign(float value, unsigned int flip) {
    return __uint_as_float(__float_as_uint(value) ^ (flip << 31));
}

// (sin 2πu, cos 2πu) for u in [0, 1], as `simd::sin_cos_turns`.
__device__ static inline void sin_cos_turns(float u, float *sine, float *cosine) {
    const float round = 12582912.0f; // 1.5 * 2^23
    float quarter = u * 4.0f + round;
    unsigned int q = __float_as_uint(quarter);
    float r = (u - (quarter - round) * 0.25f) * 6.28318530717958647692f;
    float z = r * r;
    float s = r * (1.0f - z * (1.0f / 6.0f - z * (1.0f / 120.0f - z * (1.0f / 5040.0f - z / 362880.0f))));
    float c = 1.0f
        - z * (0.5f
            - z * (1.0f / 24.0f
                - z * (1.0f / 720.0f - z * (1.0f / 40320.0f - z * (1.0f / 3628800.0f)))));
    bool swap = (q & 1u) != 0u;
    *sine = with_sign(swap ? c : s, (q >> 1) & 1u);
    *cosine = with_sign(swap ? s : c, (q ^ (q >> 1)) & 1u);
}

// -ln erfc x for x >= 0, as `simd::neg_ln_erfc`.
__device__ static inline float neg_ln_erfc(float x) {
    const float coefficients[9] = {-0.82215223f, 1.4885159f, -1.135204f, 0.27886807f, -0.18628806f,
                                   0.09678418f, 0.37409196f, 1.0000237f, -1.2655122f};
    float t = 1.0f / (1.0f + 0.5f * x);
    float p = 0.17087277f;
    for (int i = 0; i < 9; ++i) {
        p = p * t + coefficients[i];
    }
    return x * x - p - ln(t);
}

// What is made of the words: the values of the argument `law` below.
enum { WORDS = 0, NORMAL = 1, LAPLACE = 2 };

// Fills rows of `length` values. Element e comes from block 16*(e/64) + e%16, word (e%64)/16: one thread
// makes the four elements of one block. Values are scaled, and `offset` is added unless it is 0.
// `out`: float32 (for the law WORDS: the 32-bit words themselves).
extern "C" __global__ void draw(float *out, unsigned long long length, unsigned int k0, unsigned int k1,
                                unsigned int site, unsigned int step, unsigned int first,
                                unsigned int law, float scale, float offset) {
    unsigned long long block = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    unsigned long long start = (block / 16) * 64 + block % 16;
    if (start >= length) {
        return;
    }
    unsigned int row = blockIdx.y;
    unsigned int words[4] = {(unsigned int)block, site, step, first + row};
    philox4x32(words, k0, k1);
    float values[4];
    if (law == NORMAL) {
        for (int pair = 0; pair < 4; pair += 2) {
            float radius = sqrtf(-2.0f * ln(uniform(words[pair])));
            float sine, cosine;
            sin_cos_turns(uniform(words[pair + 1]), &sine, &cosine);
            values[pair] = radius * cosine;
            values[pair + 1] = radius * sine;
        }
    } else if (law == LAPLACE) {
        for (int i = 0; i < 4; ++i) {
            float magnitude = -ln(uniform(words[i])) * 0.70710678118654752440f;
            values[i] = with_sign(magnitude, words[i] & 1u);
        }
    }
    for (int i = 0; i < 4; ++i) {
        unsigned long long element = start + 16 * i;
        if (element < length) {
            float value;
            if (law == WORDS) {
                value = __uint_as_float(words[i]);
            } else {
                value = scale * values[i];
                value = offset == 0.0f ? value : offset + value;
            }
            out[row * length + element] = value;
        }
    }
}

// Gains of a channel dropout with probability p: 0, or `kept` for the survivors; block = channel, word 0.
extern "C" __global__ void gains(float *out, unsigned long long length, unsigned int k0, unsigned int k1,
                                 unsigned int site, unsigned int step, unsigned int first, double p,
                                 float kept) {
    unsigned long long channel = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (channel >= length) {
        return;
    }
    unsigned int words[4] = {(unsigned int)channel, site, step, first + blockIdx.y};
    philox4x32(words, k0, k1);
    double u = ((double)(words[0] >> 8) + 0.5) * (1.0 / 16777216.0);
    out[blockIdx.y * length + channel] = u < p ? 0.0f : kept;
}

// Standard normal to Laplace of variance 1 by the copula, in place; one row.
extern "C" __global__ void normal_to_laplace(float *values, unsigned long long length) {
    unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= length) {
        return;
    }
    const float half_root = 0.70710678118654752440f;
    unsigned int bits = __float_as_uint(values[i]);
    float magnitude = neg_ln_erfc(__uint_as_float(bits & 0x7fffffffu) * half_root) * half_root;
    values[i] = __uint_as_float((__float_as_uint(magnitude) & 0x7fffffffu) | (bits & 0x80000000u));
}
