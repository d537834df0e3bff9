import NeuralNet
import TensorCore
import Testing

@Suite struct FreezingTests {
  @Test func frozenParametersAreNeitherTrainedNorBuffers() {
    let model = Derived()
    let all = model.namedParameters().map(\.name)
    let buffers = model.namedBuffers().map(\.name)
    model.stack.freeze()
    #expect(model.stack.parameters().isEmpty && model.parameters().count == 9)
    #expect(model.namedBuffers().map(\.name) == buffers)
    #expect(model.namedTensors().count == 17, "a frozen parameter stays in the state")
    model.unfreeze()
    #expect(model.namedParameters().map(\.name) == all)
    for parameter in model.parameters() { parameter.requiresGrad = false }
    #expect(model.namedBuffers().map(\.name) == buffers && model.parameters().isEmpty)
    model.list.eval()
    let copy = model.copy { Derived() }
    #expect(copy.isTraining && !copy.list[0].isTraining && copy.inner.isTraining)
    #expect(copy.parameters().isEmpty && copy.namedBuffers().map(\.name) == buffers)
    model.unfreeze()
    #expect(model.namedParameters().map(\.name) == all)
  }

  @Test func aFrozenLayerKeepsItsValuesAndPassesGradientsOn() {
    let model = Sequential(Linear(2, 2), Linear(2, 2))
    model(Tensor.ones([1, 2])).sum().backward()
    #expect(model.parameters().allSatisfy { $0.grad != nil })
    model[1].freeze()
    #expect(model[1].namedTensors().allSatisfy { $0.tensor.grad == nil })
    model(Tensor.ones([1, 2])).sum().backward()
    #expect(model[1].namedTensors().allSatisfy { $0.tensor.grad == nil })
    #expect(model[0].parameters().allSatisfy { $0.grad != nil })
    model.unfreeze()
    model(Tensor.ones([1, 2])).sum().backward()
    #expect(model[1].parameters().allSatisfy { $0.grad != nil })
  }

  @Test func aTensorRemembersItsPlaceWhileFrozen() {
    let x = Tensor.ones([2]).asParameter()
    var calls = 0
    x.registerPostAccumulateGradHook { _ in calls += 1 }
    x.requiresGrad = false
    #expect(x.isFrozen && !(x * 2).requiresGrad)
    x.requiresGrad = true
    (x * 2).sum().backward()
    #expect(!x.isFrozen && calls == 1)
  }
}
