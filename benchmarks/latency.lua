-- What wrk has measured, as one line of JSON: seconds, and milliseconds.
done = function(summary, latency, requests)
  local wrong = summary.errors.connect + summary.errors.read + summary.errors.status + summary.errors.timeout
  io.write(string.format(
    '{"requests": %d, "seconds": %.3f, "p50": %.3f, "p90": %.3f, "p99": %.3f, "slowest": %.3f, "wrong": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3, wrong
  ))
end
