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
  // A function may return an input or a view of one: the result must be a tensor of its own.
  return result.detach().recorded(jointly: "custom operation", inputs.map(\.node)) { gradient in
    let shares = function.backward(gradient, context)
    check(
      shares.count == inputs.count,
      "\(type(of: function)).backward: \(shares.count) gradients for \(inputs.count) inputs")
    return shares
  }
}

extension Tensor {
  /// Gives this result its place in the graph where one computation gives the gradients of all
  /// `inputs`.
  func recorded(
    jointly name: StaticString, _ inputs: [Node?],
    _ gradients: @escaping (_ gradient: Tensor) -> [Tensor?]
  ) -> Tensor {
    guard isGradientEnabled else { return self }
    let shares = SharedGradients(gradients)
    let edges = inputs.enumerated().compactMap { index, node in
      node.map { node in
        Edge(node, .value { shares.share(index, $0) ?? .zeros(node.shape, node.dtype) })
      }
    }
    guard !edges.isEmpty else { return self }
    shares.remaining = edges.count
    shares.edgeCount = edges.count
    node = Operation(name: name, shape: shape, dtype: dtype, edges: edges)
    return self
  }
}

/// Computes the gradients of several inputs once per pass, when the first is asked for.
private final class SharedGradients {
  private let compute: (Tensor) -> [Tensor?]
  private var shares: [Tensor?] = []
  var edgeCount = 0
  var remaining = 0

  init(_ compute: @escaping (Tensor) -> [Tensor?]) { self.compute = compute }

  func share(_ index: Int, _ gradient: Tensor) -> Tensor? {
    if remaining == edgeCount { shares = compute(gradient) }
    defer {
      remaining -= 1
      if remaining == 0 {
        shares = []
        remaining = edgeCount
      }
    }
    return shares[index]
  }
}
