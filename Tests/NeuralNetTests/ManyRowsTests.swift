import NeuralNet
import TensorCore
import TestSupport
import Testing

/// Gradients of the parameters of composed layers over very many rows, which are sums of the exact
/// value of a closed form.
@Suite struct ManyRowsTests {
  private let tenth = Double(Float(0.1))

  /// One slope, and one for each channel.
  @Test(arguments: [(1, 1_000_003), (2, 1_000_003), (1, 4_194_304)])
  func slopes(_ channels: Int, _ count: Int) {
    let layer = PReLU(channels, initial: 0.5)
    layer(.full([count, channels], -0.1)).backward(gradient: .full([count, channels], 0.1))
    let sum = -Double(count) * tenth * tenth
    expectClose(
      layer.weight.grad?.floats ?? [], to: [Double](repeating: sum, count: channels),
      within: .init(relative: 2e-6, absolute: 0))
  }

  @Test(.ownProducts, arguments: [65_536, 1_000_003])
  func bilinearForms(_ count: Int) {
    let layer = Bilinear(3, 2, 2)
    let y = layer(.full([count, 3], 0.1), .full([count, 2], 0.2))
    y.backward(gradient: .full([count, 2], 0.1))
    let (bias, weight) = (Double(count) * tenth, Double(count) * tenth * tenth * Double(Float(0.2)))
    expectClose(
      layer.bias?.grad?.floats ?? [], to: [bias, bias], within: .init(relative: 2e-6, absolute: 0))
    expectClose(
      layer.weight.grad?.floats ?? [], to: [Double](repeating: weight, count: 12),
      within: .init(relative: 2e-6, absolute: 0))
  }
}
