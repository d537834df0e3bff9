// Activation functions and, beside each, its gradient: x is the gradient of the result, y what the
// forward pass kept; or its slope at x.
#include "elementwise.h"

UNARY(relu, x > 0.0f ? x : (x != x ? x : 0.0f))
BINARY(relu_gradient, y > 0.0f ? x : 0.0f)

UNARY(tanh, tanh_f(x))
BINARY(tanh_gradient, x *(1.0f - y * y))

UNARY(sigmoid, sigmoid_f(x))
BINARY(sigmoid_gradient, x *y *(1.0f - y))

UNARY(leaky_relu, x > 0.0f ? x : p *x)
UNARY(leaky_relu_slope, x > 0.0f ? 1.0f : p)

UNARY(elu, x > 0.0f ? x : p *expm1_f(x))
UNARY(elu_slope, x > 0.0f ? 1.0f : p *exp_f(x))

#define SQRT_HALF 0.70710678118654752f
#define SQRT_HALF_OVER_PI 0.39894228040143268f  // sqrt(1 / (2 pi))

// x times the normal distribution function.
UNARY(gelu, 0.5f * x * (1.0f + erf_f(x *SQRT_HALF)))
BINARY(gelu_gradient, x *(0.5f * (1.0f + erf_f(y *SQRT_HALF)) +
                          y *SQRT_HALF_OVER_PI *exp_f(-0.5f * y * y)))

// Hendrycks and Gimpel's approximation: 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
#define GELU_SCALE 0.79788456080286536f
#define GELU_CUBE 0.044715f
INLINE float gelu_tanh_inner(float x) { return tanh_f(GELU_SCALE * (x + GELU_CUBE * x * x * x)); }
INLINE float gelu_tanh_slope(float x) {
  const float t = gelu_tanh_inner(x);
  return 0.5f * (1.0f + t) +
         0.5f * x * (1.0f - t * t) * GELU_SCALE * (1.0f + 3.0f * GELU_CUBE * x * x);
}
UNARY(gelu_tanh, 0.5f * x * (1.0f + gelu_tanh_inner(x)))
BINARY(gelu_tanh_gradient, x *gelu_tanh_slope(y))

INLINE float silu_slope(float x) {
  const float s = sigmoid_f(x);
  return s * (1.0f + x * (1.0f - s));
}
UNARY(silu, x *sigmoid_f(x))
BINARY(silu_gradient, x *silu_slope(y))

// log(1 + exp(p x)) / p; x itself where p x > q.
UNARY(softplus, p *x > q ? x : (log1p_f(exp_f(-fabsf(p *x))) + (p * x > 0.0f ? p * x : 0.0f)) / p)
UNARY(softplus_slope, p *x > q ? 1.0f : sigmoid_f(p *x))

UNARY(hard_sigmoid, x <= -3.0f ? 0.0f : (x >= 3.0f ? 1.0f : x / 6.0f + 0.5f))
UNARY(hard_sigmoid_slope, x > -3.0f && x < 3.0f ? 1.0f / 6.0f : 0.0f)

UNARY(log_sigmoid, (x < 0.0f ? x : 0.0f) - log1p_f(exp_f(-fabsf(x))))
BINARY(log_sigmoid_gradient, x *sigmoid_f(-y))
