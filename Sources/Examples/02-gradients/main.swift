import Lockstep

// Points near the line y = 2 x - 1.
let generator = Generator(seed: 1)
let x = Tensor.uniform([64], in: -1...1, generator: generator)
let y = 2 * x - 1 + 0.1 * Tensor.normal([64], generator: generator)

// What is to be found. Operations on a tensor that requires a gradient are recorded.
let slope = Tensor(Float(0))
let offset = Tensor(Float(0))
for parameter in [slope, offset] { parameter.requiresGrad = true }

for step in 1...100 {
  let loss = (slope * x + offset - y).squared().mean()
  loss.backward()  // adds the slope of the loss to every parameter's grad

  // One step against the gradient, by hand; optimisers do no more than this. Not recorded.
  noGrad {
    for parameter in [slope, offset] {
      if let gradient = parameter.grad { parameter -= 0.3 * gradient }
      parameter.grad = nil  // backward() adds
    }
  }
  if step % 20 == 0 {
    print("step \(step): loss \(loss.item()), y = \(slope.item()) x + \(offset.item())")
  }
}
