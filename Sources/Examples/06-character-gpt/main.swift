import Glibc
import Lockstep

// Usage: CharacterGPTExample TEXT-FILE [STEPS]; run it under mpirun for several ranks.

/// A small GPT: vectors for characters and places, blocks of attention, a head.
final class SmallGPT: Module, Layer {
  let tokens: Embedding
  let positions: Embedding
  let blocks: Sequential
  let norm: LayerNorm

  init(vocabulary: Int, context: Int, width: Int = 64) {
    tokens = Embedding(vocabulary, width)
    positions = Embedding(context, width)
    blocks = Sequential(TransformerBlock(width, heads: 4), TransformerBlock(width, heads: 4))
    norm = LayerNorm(width)
    super.init()
    for table in [tokens, positions] {
      noGrad { Initialization.normal(table.weight, standardDeviation: 0.02) }
    }
  }

  func forward(_ input: Tensor) -> Tensor {
    let x = tokens(input) + positions.weight[0..<input.shape[1]]
    return linear(norm(blocks(x)), tokens.weight)  // the head is the table of characters
  }
}

let arguments = CommandLine.arguments
guard arguments.count > 1 else {
  print("usage: \(arguments[0]) TEXT-FILE [STEPS]")
  exit(64)
}
let steps = arguments.count > 2 ? Int(arguments[2]) ?? 300 : 300

try withCommunicator { world in
  let (context, batch) = (32, 16)
  let text = try CharacterText(arguments[1])
  let model = SmallGPT(vocabulary: text.vocabulary.count, context: context)
  let reducer = model.averageGradients(over: world)
  let optimizer = AdamW(
    ParameterGroup.decayingMatrices(of: model.parameters(), by: 0.1), learningRate: 3e-3)
  let windows = try text.train.randomWindows(of: context, count: steps * batch, seed: 1)

  for (step, (inputs, targets)) in DataLoader(windows, batchSize: batch, shardedOver: world)
    .epoch(0).enumerated()
  {
    optimizer.zeroGrad()
    let loss = crossEntropy(model(inputs).flattened(to: 1), targets.flattened())
    loss.backward()
    clipGradientNorm(model.parameters(), maximum: 1)
    optimizer.step()
    if world.isRoot, step % 50 == 0 || step == steps - 1 { print("step \(step): \(reducer.loss)") }
  }

  // Write: the likeliest next character after the last `context` ones, again and again.
  var written = try text.vocabulary.encode(String(text.vocabulary.decode([text.train[0]])))
  noGrad {
    for _ in 0..<100 {
      let window = Array(written.suffix(context))
      let logits = model(Tensor(window).reshaped([1, window.count]))[0, -1]
      written.append(Int32(logits.argmax().item()))
    }
  }
  if world.isRoot { print(text.vocabulary.decode(written)) }
}
