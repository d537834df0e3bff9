#include "kernel.h"

// Entries are a key in the upper 32 bits and a position in the lower: all differ, and their order
// is a stable one.
//
// By hand: counting digits needs no comparisons, and the order is that of bits: NaN has a place.

// Below this, sorting by insertion is faster than counting.
enum { SMALL = 48, DIGITS = 256 };

static void sort_by_insertion(ptrdiff_t n, uint64_t *entries) {
  for (ptrdiff_t i = 1; i < n; i++) {
    const uint64_t entry = entries[i];
    ptrdiff_t j = i;
    for (; j > 0 && entries[j - 1] > entry; j--) entries[j] = entries[j - 1];
    entries[j] = entry;
  }
}

void lk_sort(ptrdiff_t n, uint64_t *entries, uint64_t *scratch) {
  if (n <= SMALL) return sort_by_insertion(n, entries);
  size_t counts[4][DIGITS] = {{0}};
  for (ptrdiff_t i = 0; i < n; i++)
    for (int pass = 0; pass < 4; pass++) counts[pass][entries[i] >> (32 + 8 * pass) & 255]++;
  uint64_t *from = entries, *to = scratch;
  for (int pass = 0; pass < 4; pass++) {
    const int shift = 32 + 8 * pass;
    // A digit that all keys share orders nothing.
    if (counts[pass][entries[0] >> shift & 255] == (size_t)n) continue;
    size_t start = 0;
    for (int digit = 0; digit < DIGITS; digit++) {
      const size_t count = counts[pass][digit];
      counts[pass][digit] = start;
      start += count;
    }
    for (ptrdiff_t i = 0; i < n; i++) to[counts[pass][from[i] >> shift & 255]++] = from[i];
    uint64_t *swap = from;
    from = to;
    to = swap;
  }
  if (from != entries) __builtin_memcpy(entries, from, (size_t)n * sizeof *entries);
}

INLINE void exchange(uint64_t *a, uint64_t *b) {
  const uint64_t t = *a;
  *a = *b;
  *b = t;
}

void lk_select(ptrdiff_t n, ptrdiff_t k, uint64_t *entries) {
  // Quickselect around the median of three; what is at or beyond k - 1 on either side is settled.
  ptrdiff_t low = 0, high = n - 1;
  while (k > 0 && k < n && low < high) {
    const ptrdiff_t middle = low + (high - low) / 2;
    if (entries[middle] < entries[low]) exchange(&entries[middle], &entries[low]);
    if (entries[high] < entries[low]) exchange(&entries[high], &entries[low]);
    if (entries[high] < entries[middle]) exchange(&entries[high], &entries[middle]);
    const uint64_t pivot = entries[middle];
    ptrdiff_t i = low, j = high;
    while (i <= j) {
      while (entries[i] < pivot) i++;
      while (entries[j] > pivot) j--;
      if (i <= j) exchange(&entries[i++], &entries[j--]);
    }
    if (k - 1 <= j) {
      high = j;
    } else if (k - 1 >= i) {
      low = i;
    } else {
      return;
    }
  }
}

KERNEL void lk_sort_keys(ptrdiff_t n, const float *a, uint64_t *out, uint32_t flip) {
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    const float x = a[i] == 0.0f ? 0.0f : a[i];
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    // Negative numbers grow with falling bits and lie below the positive ones.
    uint32_t key = bits ^ ((bits >> 31) != 0 ? UINT32_MAX : 0x80000000u);
    key = x == x ? key : UINT32_MAX;
    out[i] = (uint64_t)(key ^ flip) << 32 | (uint32_t)i;
  }
}
