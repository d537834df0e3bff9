import TensorCore
import TestSupport
import Testing

/// Norms of orders without a loop of their own, against PyTorch's `vector_norm` in Float64.
@Suite struct PowerNormTests {
  private static let cases: [(p: Float, norms: [Double], gradients: [Double])] = [
    (
      3, [3.3019272488946263, 6.5431060071822555],
      [0.0917202, -0.3668808, 0.8254818, 0.3737249, 0.0058395, -0.8408811]
    ),
    (
      0.5, [17.191508225450303, 26.59048771101665],
      [4.1462644, -2.9318517, 2.3938469, 2.5782983, 7.2925287, -2.1051717]
    ),
    (
      -1, [0.5454545454545455, 0.4137931034482759],
      [0.2975207, -0.0743802, 0.0330579, 0.0107015, 0.6848989, -0.0047563]
    ),
    (0, [3, 3], [0, 0, 0, 0, 0, 0]),
    (-.infinity, [1, 0.5], [1, 0, 0, 0, 1, 0]),
  ]

  @Test(arguments: cases.indices)
  func agreesWithPyTorch(_ index: Int) {
    let (p, norms, gradients) = Self.cases[index]
    let x = leaf([1, -2, 3, 4, 0.5, -6]).reshaped([2, 3])
    x.retainGrad()
    let y = x.norm(p, axis: 1)
    expectClose(y.floats, to: norms, within: .float32, "norm of order \(p)")
    y.sum().backward()
    let found = x.grad?.floats ?? []
    expectClose(
      found, to: gradients, within: Tolerance(relative: 1e-5, absolute: 1e-6), "gradient, \(p)")
  }

  @Test func zerosHaveNoGradient() {
    for (p, norm, gradients) in [
      (Float(3), 4.497941445275415, [0, 0.4448514, 0.7908468]),
      (0.5, 13.928203230275509, [0, 2.1547005, 1.8660254]),
      (-1, 0, [0, 0, 0]),
    ] {
      let x = leaf([0, 3, 4])
      let y = x.norm(p)
      expectClose([Float(y.item())], to: [norm], within: .float32, "norm of order \(p)")
      y.backward()
      expectClose(x.grad?.floats ?? [], to: gradients, within: .float32, "gradient, \(p)")
    }
    for p in [Float(3), 0.5, 0] {
      let x = leaf([0, 0])
      x.norm(p).backward()
      #expect(x.grad?.floats == [0, 0] && Tensor.zeros([0]).norm(p).item() == 0)
    }
  }

  @Test func halvesAreComputedInSinglePrecision() {
    let x = Tensor([100, 200, 300] as [Float16])
    #expect(x.norm(3).dtype == .float16 && x.norm(3).item() == Double(Float16(330.19272)))
  }
}
