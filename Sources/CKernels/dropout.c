#include "kernel.h"

// Philox 4x32-10 for LANES counters at a time; a lane's four words are those of `Generator`.
INLINE void philox(uint64_t counter, uint64_t stream, uint64_t key, uint32_t *words) {
  uint32_t *w0 = words, *w1 = w0 + LANES, *w2 = w1 + LANES, *w3 = w2 + LANES;
  for (int l = 0; l < LANES; l++) {
    w0[l] = (uint32_t)(counter + (uint64_t)l);
    w1[l] = (uint32_t)((counter + (uint64_t)l) >> 32);
    w2[l] = (uint32_t)stream;
    w3[l] = (uint32_t)(stream >> 32);
  }
  uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    for (int l = 0; l < LANES; l++) {
      const uint64_t a = (uint64_t)w0[l] * 0xD2511F53u, b = (uint64_t)w2[l] * 0xCD9E8D57u;
      w0[l] = (uint32_t)(b >> 32) ^ w1[l] ^ low;
      w1[l] = (uint32_t)b;
      w2[l] = (uint32_t)(a >> 32) ^ w3[l] ^ high;
      w3[l] = (uint32_t)a;
    }
    low += 0x9E3779B9u;
    high += 0xBB67AE85u;
  }
}

KERNEL void lk_dropout(ptrdiff_t n, float *out, const float *a, uint32_t threshold, float scale,
                       uint64_t key, uint64_t stream, uint64_t counter) {
  uint32_t w[4 * LANES];
  for (ptrdiff_t i = 0; i < n; i += 4 * LANES, counter += LANES) {
    philox(counter, stream, key, w);
    if (n - i >= 4 * LANES) {
      INDEPENDENT for (int l = 0; l < 4 * LANES; l++) out[i + l] =
          w[l] >= threshold ? a[i + l] * scale : 0.0f;
    } else {
      for (int l = 0; i + l < n; l++) out[i + l] = w[l] >= threshold ? a[i + l] * scale : 0.0f;
    }
  }
}
