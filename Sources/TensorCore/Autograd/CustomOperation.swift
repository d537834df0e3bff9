import Diagnostics

/// An operation with a gradient of the user's own.
///
/// ```swift
/// struct Cube: DifferentiableFunction {
///   func forward(_ inputs: [Tensor], _ context: FunctionContext) -> Tensor {
///     context.save(inputs[0])
///     return inputs[0] * inputs[0] * inputs[0]
///   }
///   func backward(_ gradient: Tensor, _ context: FunctionContext) -> [Tensor?] {
///     [gradient * context.saved[0].squared() * 3]
///   }
/// }
/// let y = apply(Cube(), to: x)
/// ```
public protocol DifferentiableFunction {
  /// The result for `inputs`; runs without recording. What `backward` needs is put into `context`.
  func forward(_ inputs: [Tensor], _ context: FunctionContext) -> Tensor
  /// The gradient of each input, given that of the result; nil where there is none.
  func backward(_ gradient: Tensor, _ context: FunctionContext) -> [Tensor?]
}

/// What a `DifferentiableFunction` keeps from its forward for its backward pass.
public final class FunctionContext {
  private var kept: [Saved] = []

  /// Keeps `tensors`. Reading them after they were changed in place stops the program.
  public func save(_ tensors: Tensor...) { kept += tensors.map(Saved.init) }

  /// The tensors kept, in order.
  public var saved: [Tensor] { kept.map(\.value) }
}

/// The result of `function` for `inputs`, with its gradient.
public func apply(_ function: some DifferentiableFunction, to inputs: Tensor...) -> Tensor {
  let context = FunctionContext()
  let result = noGrad { function.forward(inputs, context) }
  let joint = JointGradient { gradient in
    let shares = function.backward(gradient, context)
    check(
      shares.count == inputs.count,
      "\(type(of: function)).backward: \(shares.count) gradients for \(inputs.count) inputs")
    return zip(shares, inputs).map { share, input in share ?? .zeros(input.shape, input.dtype) }
  }
  // A function may return an input or a view of one: the result must be a tensor of its own.
  return result.detached().recorded(
    "custom operation",
    inputs.enumerated().map { index, input in input.edge { joint.share(index, of: $0) } })
}
