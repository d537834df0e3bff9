// A float as its bits.
#ifndef LOCKSTEP_FLOAT_BITS_H
#define LOCKSTEP_FLOAT_BITS_H

#include <stdint.h>

#include "dispatch.h"

INLINE float from_bits(uint32_t b) {
  float f;
  __builtin_memcpy(&f, &b, sizeof f);
  return f;
}

INLINE uint32_t to_bits(float f) {
  uint32_t b;
  __builtin_memcpy(&b, &f, sizeof b);
  return b;
}

#endif
