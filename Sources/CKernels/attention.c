// Attention of a block of queries: a number for each query and key. Queries lie side by side in the
// lanes, so that the maximum and the sums of a query are those of a lane, and the products read
// keys and values where they are.
#include "rows.h"

/// The keys, of `keys`, that the last of LANES queries sees; the first sees `seen`.
INLINE ptrdiff_t visible_keys(ptrdiff_t keys, ptrdiff_t seen) {
  return keys < seen + LANES ? keys : seen + LANES - 1;
}

/// Puts 0 where none of LANES queries sees a key.
INLINE void clear_invisible(ptrdiff_t keys, ptrdiff_t lanes, float *x, ptrdiff_t seen) {
  for (ptrdiff_t key = visible_keys(keys, seen); key < keys; key++)
    *(lanes_t *)(x + key * lanes) = (lanes_t){0};
}

/// Puts `value` where one of LANES queries does not see a key, and 0 where none does.
INLINE void hide_unseen(ptrdiff_t keys, ptrdiff_t lanes, float *x, ptrdiff_t seen, float value) {
  for (ptrdiff_t key = seen; key < visible_keys(keys, seen); key++)
    for (ptrdiff_t l = 0; l <= key - seen; l++) x[key * lanes + l] = value;
  clear_invisible(keys, lanes, x, seen);
}

/// Scales and masks scores; returns the scale that is left to the exponential, which takes a positive
/// one along.
INLINE float place_scores(ptrdiff_t n, float *x, float scale, const float *mask) {
  if (!mask && scale > 0.0f) return scale;
  if (mask) INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) x[i] = x[i] * scale + mask[i];
  else INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) x[i] *= scale;
  return 1.0f;
}

/// e[l] = the exponential of score x[l], the largest of which is top[l].
INLINE void exponentials(const float *x, float late, const float *top, float *e) {
  for (int l = 0; l < LANES; l++) e[l] = exp_nonpositive(x[l] * late - top[l]);
}

// Keys whose numbers are added up in float.
enum { SOME = 32 };

KERNEL void lk_attention_softmax(ptrdiff_t keys, ptrdiff_t lanes, float *x, float scale,
                                 const float *mask, ptrdiff_t seen, float *largest, float *share) {
  const float late = place_scores(keys * lanes, x, scale, mask);
  for (ptrdiff_t first = 0; first < lanes; first += LANES, seen += LANES) {
    float *const column = x + first;
    hide_unseen(keys, lanes, column, seen, -INFINITY);
    const ptrdiff_t visible = visible_keys(keys, seen);
    float top[LANES], part[LANES];
    for (int l = 0; l < LANES; l++) top[l] = -INFINITY;
    for (ptrdiff_t key = 0; key < visible; key++)
      for (int l = 0; l < LANES; l++)
        top[l] = column[key * lanes + l] > top[l] ? column[key * lanes + l] : top[l];
    for (int l = 0; l < LANES; l++) top[l] = top[l] == -INFINITY ? 0.0f : top[l] * late;
    double total[LANES] = {0};
    for (ptrdiff_t start = 0; start < visible; start += SOME) {
      const ptrdiff_t end = visible - start < SOME ? visible : start + SOME;
      float sum[LANES] = {0};
      for (ptrdiff_t key = start; key < end; key++) {
        float e[LANES];
        exponentials(column + key * lanes, late, top, e);
        for (int l = 0; l < LANES; l++) column[key * lanes + l] = e[l];
        for (int l = 0; l < LANES; l++) sum[l] += e[l];
      }
      add_to_totals((const lanes_t *)sum, total);
    }
    // A query that sees nothing is 0.
    for (int l = 0; l < LANES; l++) part[l] = total[l] == 0.0 ? 0.0f : 1.0f / (float)total[l];
    for (ptrdiff_t key = 0; key < visible; key++)
      for (int l = 0; l < LANES; l++) column[key * lanes + l] *= part[l];
    for (int l = 0; l < LANES; l++) largest[first + l] = top[l];
    for (int l = 0; l < LANES; l++) share[first + l] = part[l];
  }
}

// The same arithmetic again, so that the bits are the same: from the logarithm of the sum alone, the
// probabilities of large scores would be off by the rounding of these, and not add up to 1.
KERNEL void lk_attention_probabilities(ptrdiff_t keys, ptrdiff_t lanes, float *x, float scale,
                                       const float *mask, ptrdiff_t seen, const float *largest,
                                       const float *share) {
  const float late = place_scores(keys * lanes, x, scale, mask);
  for (ptrdiff_t first = 0; first < lanes; first += LANES, seen += LANES) {
    const ptrdiff_t visible = visible_keys(keys, seen);
    float top[LANES], part[LANES];
    for (int l = 0; l < LANES; l++) top[l] = largest[first + l];
    for (int l = 0; l < LANES; l++) part[l] = share[first + l];
    for (ptrdiff_t key = 0; key < visible; key++) {
      float *const row = x + key * lanes + first, e[LANES];
      exponentials(row, late, top, e);
      for (int l = 0; l < LANES; l++) row[l] = e[l] * part[l];
    }
    hide_unseen(keys, lanes, x + first, seen, 0.0f);
  }
}

KERNEL void lk_attention_gradient(ptrdiff_t keys, ptrdiff_t lanes, const float *p, float *g,
                                  float scale, ptrdiff_t seen) {
  for (ptrdiff_t first = 0; first < lanes; first += LANES, seen += LANES) {
    const ptrdiff_t visible = visible_keys(keys, seen);
    const float *const pc = p + first;
    float *const gc = g + first;
    double total[LANES] = {0};
    for (ptrdiff_t start = 0; start < visible; start += SOME) {
      const ptrdiff_t end = visible - start < SOME ? visible : start + SOME;
      lanes_t some = {0};
      for (ptrdiff_t key = start; key < end; key++)
        some += *(const lanes_t *)(pc + key * lanes) * *(const lanes_t *)(gc + key * lanes);
      add_to_totals(&some, total);
    }
    float sums[LANES];
    for (int l = 0; l < LANES; l++) sums[l] = (float)total[l];
    const lanes_t sum = *(const lanes_t *)sums;
    for (ptrdiff_t key = 0; key < visible; key++) {
      lanes_t *const to = (lanes_t *)(gc + key * lanes);
      *to = scale * *(const lanes_t *)(pc + key * lanes) * (*to - sum);
    }
    clear_invisible(keys, lanes, gc, seen);
  }
}
