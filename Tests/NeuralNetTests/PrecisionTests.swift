import NeuralNet
import TensorCore
import TestSupport
import Testing

/// A module of every kind that matters to conversion: norms, a buffer, a tie.
private final class Mixture: Module, Layer {
  let inner = Linear(4, 4)
  let norms = (LayerNorm(4), RMSNorm([4]), GroupNorm(groups: 2, 4), BatchNorm1d(4))
  let table = Tensor.ones([4])
  let head: Linear

  override init() { head = Linear(weight: inner.weight) }

  func forward(_ x: Tensor) -> Tensor {
    head(norms.3(norms.2(norms.1(norms.0(inner(x))))))
  }
}

@Suite(.serialized) struct PrecisionTests {
  @Test func normsAndBuffersStayFloat32() {
    let model = Mixture()
    let values = model.inner.weight.floats
    model.norms.0.freeze()
    model.inner.bias?.requiresGrad = false
    model.convert(to: .float16)
    let halves = model.namedTensors().filter { $0.tensor.dtype == .float16 }.map(\.name)
    #expect(halves == ["inner.weight", "inner.bias", "head.weight"])
    #expect(model.head.weight === model.inner.weight, "ties stay ties")
    #expect(model.inner.bias?.isFrozen == true)
    #expect(model.inner.weight.floats == values.map { Float(Float16($0)) })
    let all = model.parameters()
    model.unfreeze()
    #expect(model.parameters().count == all.count + 3)
    #expect(model.inner.bias?.dtype == .float16 && model.inner.bias?.requiresGrad == true)
  }

  @Test func activationsAndGradientsAreFloat16() {
    let model = Mixture()
    model.convert(to: .float16)
    let output = model(gridValues([8, 4]).converted(to: .float16))
    #expect(output.dtype == .float16)
    output.converted(to: .float32).sum().backward()
    for (name, parameter) in model.namedParameters() {
      #expect(parameter.grad?.dtype == parameter.dtype, "\(name)")
      #expect(parameter.dtype == (name.contains("norms") ? .float32 : .float16))
    }
  }

  @Test func aModelCanGoBack() {
    let model = Mixture()
    model.convert(to: .float16)
    model.convert(to: .float32)
    #expect(model.parameters().allSatisfy { $0.dtype == .float32 })
    #expect(model.inner.weight.floats.allSatisfy { Float(Float16($0)) == $0 })
    model(gridValues([8, 4])).sum().backward()
    #expect(model.inner.weight.grad?.dtype == .float32)
  }

  /// Whatever holds a parameter goes on holding it: hooks, other modules, lists of parameters.
  @Test func parametersStayTheSameObjects() {
    let model = Linear(2, 2)
    let parameters = model.parameters()
    var calls = 0
    model.weight.registerHook { _ in
      calls += 1
      return nil
    }
    model.convert(to: .float16)
    #expect(matched(model.parameters(), parameters).allSatisfy { $0 === $1 })
    model(.ones([1, 2], .float16)).converted(to: .float32).sum().backward()
    #expect(calls == 1)
  }

  private static let misuses: [Misuse] = [
    Misuse("convert: parameters of int64 cannot be trained; use float16, bfloat16 or float32") {
      Linear(2, 2).convert(to: .int64)
    },
    Misuse("convert: weight of shape [2, 2] is the result of an operation or a view") {
      let table = Tensor.ones([4, 2])
      let view = table[0..<2]
      view.requiresGrad = true
      Linear(weight: view).convert(to: .float16)
    },
  ]

  @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in try Self.misuses[index].run() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
