import ArgumentParser
import Lockstep

/// How parameters and activations are stored: the value of `--precision`.
enum Precision: String, ExpressibleByArgument, CaseIterable, Encodable {
  case float32, float16

  var dtype: DType { self == .float16 ? .float16 : .float32 }

  /// The result of `model` for `inputs` in Float32, which losses need. Numbers are converted on
  /// their way in; indices stay what they are.
  func output(of model: any Layer, for inputs: Tensor) -> Tensor {
    model(inputs.dtype.isFloatingPoint ? inputs.converted(to: dtype) : inputs)
      .converted(to: .float32)
  }
}
