"""Other people's model servers, each with the same small model, in environments of their own.

None of these files imports Vedette: they run where their own package, numpy and onnxruntime are.
The model's file is named by ``VEDETTE_BENCH_MODEL``; it runs in one thread, one request at a time.
"""
