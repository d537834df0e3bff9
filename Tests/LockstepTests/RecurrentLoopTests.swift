import Lockstep
import TestSupport
import Testing

/// The recurrent network of the tutorials: `h = tanh(Linear(cat(x, h)))`, carried from one
/// iteration to the next.
private final class RecurrentCell: Module {
  let hidden = Linear(3 + 4, 4, generator: Generator(seed: 1))
  let output = Linear(4, 2, generator: Generator(seed: 2))

  func callAsFunction(_ x: Tensor, _ h: Tensor) -> (y: Tensor, h: Tensor) {
    let h = tanh(hidden(cat([x, h], axis: 1)))
    return (output(h), h)
  }
}

private func makeSequence() -> [(x: Tensor, y: Tensor)] {
  (0..<6).map { index in
    let generator = Generator(seed: UInt64(10 + index))
    return (
      x: Tensor.normal([5, 3], generator: generator),
      y: Tensor.normal([5, 2], generator: generator)
    )
  }
}

/// `iterations` rounds of backward with the graph kept and step, the hidden state carried over with
/// its history.
private func trainThroughOldGraphs(_ iterations: Int) {
  let cell = RecurrentCell()
  let optimizer = SGD(cell.parameters(), learningRate: 0.1)
  var h = Tensor.zeros([5, 4])
  for (x, target) in makeSequence().prefix(iterations) {
    let result = cell(x, h)
    h = result.h
    optimizer.zeroGrad()
    mseLoss(result.y, target).backward(retainGraph: true)
    optimizer.step()
  }
}

@Suite(.serialized) struct RecurrentLoopTests {
  /// `step` changed weights that the graph of an earlier iteration needs: from the third iteration
  /// on the gradient would be wrong, and the program stops, as PyTorch's does.
  @Test func steppingThroughOldGraphsStops() async {
    trainThroughOldGraphs(2)
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { trainThroughOldGraphs(3) }
    expectMessage("was changed in place by Optimizer.step", of: result)
    expectMessage("RecurrentLoopTests.swift:", of: result)
  }

  @Test func detachingTheStateEachStepTrains() {
    let cell = RecurrentCell()
    let optimizer = SGD(cell.parameters(), learningRate: 0.1)
    var losses: [Double] = []
    for _ in 0..<30 {
      var h = Tensor.zeros([5, 4])
      var mean = RunningMean()
      for (x, target) in makeSequence() {
        let result = cell(x, h)
        h = result.h.detached()
        let loss = mseLoss(result.y, target)
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
        mean.add(loss.item())
      }
      losses.append(mean.mean)
    }
    #expect(losses[29] < 0.9 * losses[0])
  }

  @Test func summingTheLossesAndSteppingOnceTrains() {
    let cell = RecurrentCell()
    let optimizer = SGD(cell.parameters(), learningRate: 0.1)
    var losses: [Double] = []
    for _ in 0..<60 {
      var h = Tensor.zeros([5, 4])
      var total = Tensor(Float(0))
      for (x, target) in makeSequence() {
        let result = cell(x, h)
        h = result.h
        total = total + mseLoss(result.y, target)
      }
      optimizer.zeroGrad()
      total.backward()
      optimizer.step()
      losses.append(total.item())
    }
    #expect(losses[59] < 0.9 * losses[0])
  }
}
