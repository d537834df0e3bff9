// Float16 to and from Float32: by the CPU's conversion where it has one (F16C), else by bit
// arithmetic with the same result.
#include "convert.h"

INLINE float half_to_float(uint16_t h) {
  // As a float with the same exponent field, the value is off by 2^112; denormals come out right
  // too.
  const float scaled = from_bits((uint32_t)(h & 0x7fff) << 13) * 0x1p112f;
  uint32_t bits = to_bits(scaled);
  if ((h & 0x7c00) == 0x7c00) bits = 0x7f800000u | (uint32_t)(h & 0x3ff) << 13;
  if (bits > 0x7f800000u) bits |= 0x00400000u;  // a signalling NaN becomes quiet, as by the CPU
  return from_bits(bits | (uint32_t)(h & 0x8000) << 16);
}

INLINE uint16_t float_to_half(float f) {
  const uint32_t bits = to_bits(f), magnitude = bits & 0x7fffffffu;
  const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  if (magnitude > 0x7f800000u) return sign | 0x7e00 | (uint16_t)(magnitude >> 13 & 0x3ff);
  if (magnitude >= 0x47800000u) return sign | 0x7c00;
  if (magnitude < 0x38800000u) {
    // Denormal: adding 0.5 leaves the rounded value in the lowest bits.
    return sign | (uint16_t)(to_bits(from_bits(magnitude) + 0.5f) - 0x3f000000u);
  }
  const uint32_t odd = magnitude >> 13 & 1;
  return sign | (uint16_t)((magnitude - 0x38000000u + 0xfff + odd) >> 13);
}

// The conversion of the CPU.
INLINE float widen(uint16_t h) {
  _Float16 value;
  __builtin_memcpy(&value, &h, sizeof value);
  return (float)value;
}

INLINE uint16_t narrow(float f) {
  const _Float16 value = (_Float16)f;
  uint16_t h;
  __builtin_memcpy(&h, &value, sizeof h);
  return h;
}

#define TO_FLOAT                                                                                 \
  ptrdiff_t rows, ptrdiff_t columns, float *out, ptrdiff_t out_stride, const uint16_t *a,        \
      ptrdiff_t stride
#define TO_HALF                                                                                  \
  ptrdiff_t rows, ptrdiff_t columns, uint16_t *out, ptrdiff_t out_stride, const float *a,        \
      ptrdiff_t stride
#define ARGUMENTS rows, columns, out, out_stride, a, stride

#if defined(__x86_64__)
#define CONVERTERS(name, features)                                                               \
  __attribute__((target(features))) static void to_float_##name(TO_FLOAT) { CONVERT(widen) }     \
  __attribute__((target(features))) static void to_half_##name(TO_HALF) { CONVERT(narrow) }
CONVERTERS(avx512, "avx512f,avx512bw,avx512vl")
CONVERTERS(f16c, "avx2,f16c")
#define DISPATCH(name)                                                                           \
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))                  \
    return name##_avx512(ARGUMENTS);                                                             \
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c"))                          \
    return name##_f16c(ARGUMENTS);
#else
#define DISPATCH(name)
#endif

void lk_half_to_float(TO_FLOAT) {
  DISPATCH(to_float)
  CONVERT(half_to_float)
}

void lk_float_to_half(TO_HALF) {
  DISPATCH(to_half)
  CONVERT(float_to_half)
}

void lk_half_to_float_portable(ptrdiff_t n, float *out, const uint16_t *a) {
  for (ptrdiff_t i = 0; i < n; i++) out[i] = half_to_float(a[i]);
}

void lk_float_to_half_portable(ptrdiff_t n, uint16_t *out, const float *a) {
  for (ptrdiff_t i = 0; i < n; i++) out[i] = float_to_half(a[i]);
}
