// Activation functions and, beside each, its gradient: x is the gradient of the result, y what the
// forward pass kept; or its slope at x. Where function and slope share most of their arithmetic, one
// kernel gives both.
#include "elementwise.h"

UNARY(relu, x > 0.0f ? x : (x != x ? x : 0.0f))
// Passes on what comes at NaN, as PyTorch does.
BINARY(relu_gradient, y <= 0.0f ? 0.0f : x)

UNARY(tanh, tanh_f(x))
BINARY(tanh_gradient, x *(1.0f - y * y))

UNARY(sigmoid, sigmoid_f(x))
BINARY(sigmoid_gradient, x *y *(1.0f - y))

UNARY(leaky_relu, x > 0.0f ? x : p *x)
UNARY(leaky_relu_slope, x > 0.0f ? 1.0f : p)

UNARY(elu, x > 0.0f ? x : p *expm1_f(x))
UNARY(elu_slope, x <= 0.0f ? p *exp_f(x) : 1.0f)

// x times the normal distribution function.
INLINE float gelu_f(float x, float *slope) {
  float below;
  const float density = normal_density(x, &below);
  *slope = below + x * density;
  return x * below;
}
WITH_SLOPE(gelu, gelu_f)

// Hendrycks and Gimpel's approximation: 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
#define GELU_SCALE 0.79788456080286536f
#define GELU_CUBE 0.044715f
INLINE float gelu_tanh_f(float x, float *slope) {
  const float t = tanh_f(GELU_SCALE * (x + GELU_CUBE * x * x * x));
  const float inner = GELU_SCALE * (1.0f + 3.0f * GELU_CUBE * x * x);
  *slope = 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * inner;
  return 0.5f * x * (1.0f + t);
}
WITH_SLOPE(gelu_tanh, gelu_tanh_f)

INLINE float silu_f(float x, float *slope) {
  const float s = sigmoid_f(x);
  *slope = s * (1.0f + x * (1.0f - s));
  return x * s;
}
WITH_SLOPE(silu, silu_f)

// log(1 + exp(p x)) / p; x itself where p x > q.
UNARY(softplus, p *x > q ? x : (log1p_f(exp_f(-fabsf(p *x))) + (p * x > 0.0f ? p * x : 0.0f)) / p)
UNARY(softplus_slope, p *x > q ? 1.0f : sigmoid_f(p *x))

UNARY(hard_sigmoid, x <= -3.0f ? 0.0f : (x >= 3.0f ? 1.0f : x / 6.0f + 0.5f))
UNARY(hard_sigmoid_slope, x > -3.0f && x < 3.0f ? 1.0f / 6.0f : 0.0f)

UNARY(log_sigmoid, (x < 0.0f ? x : 0.0f) - log1p_f(exp_f(-fabsf(x))))
BINARY(log_sigmoid_gradient, x *sigmoid_f(-y))
