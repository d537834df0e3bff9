#include "CRuntime.h"
#include "dispatch.h"

// Both steps are one-to-one in the state, so a change of a single word always changes the result;
// the shift brings high bits down, which the multiplication only moves up.
#define MIX(state, word)                                                                         \
  state = ((state) ^ (word)) * PRIME;                                                            \
  state ^= (state) >> 32;

static const uint64_t PRIME = 0x9e3779b97f4a7c15;  // 2^64 / the golden ratio, odd

// Words are mixed in 32 lanes, which hides the latency of the multiplication.
enum { WORDS = 8, VECTORS = 4 };
typedef uint64_t words_t __attribute__((vector_size(8 * WORDS), aligned(1)));

KERNEL uint64_t lk_hash(ptrdiff_t n, const void *bytes) {
  const unsigned char *p = bytes;
  uint64_t h = (uint64_t)n;
  words_t lanes[VECTORS];
  for (int v = 0; v < VECTORS; v++)
    for (int i = 0; i < WORDS; i++) lanes[v][i] = (uint64_t)(v * WORDS + i);
  for (; n >= (ptrdiff_t)sizeof lanes; n -= sizeof lanes, p += sizeof lanes)
    for (int v = 0; v < VECTORS; v++) {
      const words_t word = *(const words_t *)(p + v * sizeof(words_t));
      MIX(lanes[v], word)
    }
  for (int v = 0; v < VECTORS; v++)
    for (int i = 0; i < WORDS; i++) {
      MIX(h, lanes[v][i])
    }
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word;
    __builtin_memcpy(&word, p, 8);
    MIX(h, word)
  }
  for (; n > 0; n--, p++) {
    MIX(h, *p)
  }
  return h;
}
