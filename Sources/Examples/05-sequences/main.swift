import Lockstep

/// Reads a sequence of numbers and says, after each, the sum of those so far that were marked.
final class Adder: Module {
  let lstm = LSTM(2, 32, batchFirst: true)
  let head = Linear(32, 1)

  func callAsFunction(_ sequences: Tensor) -> Tensor { head(lstm(sequences).output) }
}

let generator = Generator(seed: 3)
let model = Adder()
let optimizer = Adam(model.parameters(), learningRate: 5e-3)

for step in 1...150 {
  // 64 sequences of 12 numbers, a quarter of them marked.
  let numbers = Tensor.uniform([64, 12], generator: generator)
  let marks = Tensor.bernoulli([64, 12], probability: 0.25, generator: generator)
    .converted(to: .float32)
  let sums = (numbers * marks).cumsum(axis: 1)

  optimizer.zeroGrad()
  let outputs = model(stack([numbers, marks], axis: 2)).squeezed(2)
  let loss = mseLoss(outputs, sums)
  loss.backward()
  clipGradientNorm(model.parameters(), maximum: 1)
  optimizer.step()
  if step % 25 == 0 { print("step \(step): mean squared error \(loss.item())") }
}
