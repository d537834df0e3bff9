import NeuralNet
import TensorCore
import TestSupport
import Testing

@Suite struct SummaryTests {
  @Test func everyModuleHasARow() {
    let model = Sequential(Conv2d(1, 2, kernel: 3), BatchNorm2d(2), Flatten(), Linear(8, 1000))
    model.layers[3].freeze()
    let summary = model.summary(.zeros([5, 1, 4, 4]))
    #expect(summary.rows.map(\.path) == ["", "0", "1", "2", "3"])
    #expect(
      summary.rows.map(\.outputs)
        == [[[5, 1000]], [[5, 2, 2, 2]], [[5, 2, 2, 2]], [[5, 8]], [[5, 1000]]])
    #expect(summary.rows.map(\.parameters) == [0, 20, 4, 0, 9000])
    #expect(summary.rows.map(\.bytes) == [0, 80, 40, 0, 36000])
    #expect(summary.frozenParameters == 9000 && summary.parameters == 9024)
    #expect(
      summary.description == """
        path     type         output        parameters   bytes
        (model)  Sequential   [5, 1000]              0       0
        0        Conv2d       [5, 2, 2, 2]          20      80
        1        BatchNorm2d  [5, 2, 2, 2]           4      40
        2        Flatten      [5, 8]                 0       0
        3        Linear       [5, 1000]          9,000  36,000
        9,024 parameters, 9,000 of them frozen; 36,120 bytes with buffers
        """)
  }

  @Test func theModelIsLeftAsItWas() {
    let norm = BatchNorm1d(2)
    let model = Sequential(Linear(2, 2), norm, Dropout())
    model[2].eval()
    _ = model.summary(.zeros([1, 2]))
    #expect(model.isTraining && norm.isTraining && !model[2].isTraining)
    #expect(norm.numBatchesTracked?.item() == 0 && norm.runningVar?.floats == [1, 1])
    var calls = 0
    model.registerForwardHook { _, _ in calls += 1 }
    _ = model(.ones([2, 2]))
    #expect(calls == 1, "hooks of the summary are gone, others stay")
  }

  @Test func modelsOfSeveralInputsAreRunByTheCaller() {
    final class Model: Module {
      let lstm = LSTM(3, 4)
      let attention = MultiHeadAttention(4, heads: 2)
      let unused = Linear(1, 1)
      func callAsFunction(_ x: Tensor) -> Tensor {
        let (h, _) = lstm(x)
        return attention(h, h, h)
      }
    }
    let model = Model()
    let summary = model.summary { model(.zeros([5, 2, 3])) }
    let outputs = Dictionary(uniqueKeysWithValues: summary.rows.map { ($0.path, $0.outputs) })
    #expect(outputs["lstm"] == [[5, 2, 4], [1, 2, 4], [1, 2, 4]])
    #expect(outputs["attention"] == [[5, 2, 4]] && outputs["attention.out_proj"] == [[5, 2, 4]])
    #expect(outputs["unused"] == [] && outputs[""] == [])
    #expect(summary.parameters == model.parameters().reduce(0) { $0 + $1.count })
  }

  @Test func tiedTensorsCountOnce() {
    let embedding = Embedding(10, 4)
    let model = Sequential(embedding, Linear(weight: embedding.weight))
    let summary = model.summary(Tensor([Int64(3)]))
    #expect(summary.rows.map(\.parameters) == [0, 40, 0] && summary.bytes == 160)
  }

  @Test func hooksSeeResultsUntilTheyAreRemoved() {
    let model = Sequential(Linear(2, 3), ReLU())
    var seen: [Shape] = []
    let hook = model[0].registerForwardHook { module, outputs in
      #expect(module === model[0])
      seen.append(outputs[0].shape)
    }
    _ = model(.ones([4, 2]))
    hook.remove()
    _ = model(.ones([5, 2]))
    #expect(seen == [[4, 3]])
  }
}
