// How slots are stored: as f32, or as bf16, the upper half of it. Arithmetic is f32 whatever is stored: bf16
// is widened in registers, which is exact, and rounded to the nearest where it is written, ties to even.
#pragma once

// Lanes of a warp that share a row of slots: 16 bytes each, a line of 128 bytes.
constexpr unsigned LANES = 8;

struct bf16 {
    unsigned short bits;
};
// What a kernel learns when it runs.
enum Stored : unsigned { F32, BF16 };

__device__ __forceinline__ float widened(float x) { return x; }
__device__ __forceinline__ float widened(bf16 x) { return __uint_as_float((unsigned)x.bits << 16); }
// The two of a word, the lower half first.
__device__ __forceinline__ float2 widened_two(unsigned two) {
    return make_float2(__uint_as_float(two << 16), __uint_as_float(two & 0xffff0000u));
}

#ifdef CUDA_HOST
// As the instruction below: what is no number becomes 0x7fff.
inline unsigned upper_half(float x) {
    unsigned bits = __float_as_uint(x);
    return x != x ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
inline unsigned narrowed(float first, float second) { return upper_half(first) | upper_half(second) << 16; }
#else
// Two as a word.
__device__ __forceinline__ unsigned narrowed(float first, float second) {
    unsigned two;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(two) : "f"(second), "f"(first));
    return two;
}
#endif

// Samples in 16 bytes, fours of them, and samples of a row's lanes.
template <class T> constexpr unsigned COUNT = 16 / sizeof(T);
template <class T> constexpr unsigned FOURS = COUNT<T> / 4;
template <class T> constexpr unsigned SAMPLES = LANES * COUNT<T>;

// Four `f` of those in 16 bytes, whose bits `raw` has.
template <class T> __device__ __forceinline__ float4 four(float4 raw, unsigned f) {
    if constexpr (FOURS<T> == 1) {
        return raw;
    } else {
        float2 low = widened_two(__float_as_uint(f ? raw.z : raw.x));
        float2 high = widened_two(__float_as_uint(f ? raw.w : raw.y));
        return make_float4(low.x, low.y, high.x, high.y);
    }
}
// Four and two that stand at `from`, aligned as a whole.
__device__ __forceinline__ float4 four_at(const float *from) { return *(const float4 *)from; }
__device__ __forceinline__ float4 four_at(const bf16 *from) {
    float2 raw = *(const float2 *)from;
    float2 low = widened_two(__float_as_uint(raw.x)), high = widened_two(__float_as_uint(raw.y));
    return make_float4(low.x, low.y, high.x, high.y);
}
__device__ __forceinline__ float2 two_at(const float *from) { return *(const float2 *)from; }
__device__ __forceinline__ float2 two_at(const bf16 *from) {
    return widened_two(((const uint1 *)from)->x);
}

// One number, and the samples of 16 bytes, to slots of T, or of f32 where those are what is stored.
template <class T>
__device__ __forceinline__ void put(T *to, size_t at, unsigned stored, float x) {
    if constexpr (FOURS<T> == 1) {
        to[at] = x;
    } else if (stored == F32) {
        ((float *)to)[at] = x;
    } else {
        to[at].bits = (unsigned short)narrowed(x, 0.0f);
    }
}
template <class T>
__device__ __forceinline__ void put16(T *to, size_t at, unsigned stored, const float4 x[FOURS<T>]) {
    if constexpr (FOURS<T> == 1) {
        *(float4 *)(to + at) = x[0];
    } else if (stored == F32) {
        *(float4 *)((float *)to + at) = x[0];
        *(float4 *)((float *)to + at + 4) = x[1];
    } else {
        auto word = [](float first, float second) { return __uint_as_float(narrowed(first, second)); };
        *(float4 *)(to + at) = make_float4(word(x[0].x, x[0].y), word(x[0].z, x[0].w),
                                           word(x[1].x, x[1].y), word(x[1].z, x[1].w));
    }
}

// A slot of a kernel that learns when it runs how slots are stored.
__device__ __forceinline__ float slot_at(const void *slots, size_t at, unsigned stored) {
    return stored == F32 ? ((const float *)slots)[at] : widened(((const bf16 *)slots)[at]);
}
__device__ __forceinline__ void put_slot(void *slots, size_t at, unsigned stored, float x) {
    put((bf16 *)slots, at, stored, x);
}
