// Looks for infinities and NaN, whose exponents are all ones: the largest magnitude, as an integer,
// tells.
#include "vector_math.h"

KERNEL bool lk_all_finite_narrow(ptrdiff_t n, const uint16_t *a, uint16_t exponent) {
  uint16_t largest = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    const uint16_t magnitude = a[i] & 0x7fff;
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest < exponent;
}

KERNEL bool lk_scale_all_finite(ptrdiff_t n, float *a, float factor) {
  uint32_t largest = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    const uint32_t magnitude = to_bits(a[i]) & 0x7fffffffu;
    largest = magnitude > largest ? magnitude : largest;
    a[i] *= factor;
  }
  return largest < 0x7f800000u;
}
