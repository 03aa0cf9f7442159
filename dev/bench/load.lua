-- What wrk runs: the request, and a look at every answer. Its arguments: status, length of the body or -1, method,
-- body, and a file with the cookies to take in turn; the last three may be empty.

local threads, cookies = {}, {}

function setup(thread)
   table.insert(threads, thread)
end

function init(arguments)
   status, length, wrong = tonumber(arguments[1]), tonumber(arguments[2]), 0
   wrk.method, wrk.body = arguments[3], arguments[4]
   if arguments[5] ~= "" then
      for line in io.lines(arguments[5]) do
         table.insert(cookies, line)
      end
      local turn = 0
      request = function()
         turn = turn % #cookies + 1
         wrk.headers["Cookie"] = cookies[turn]
         return wrk.format()
      end
   end
end

function response(got, headers, body)
   if got ~= status or (length >= 0 and #body ~= length) then
      wrong = wrong + 1
   end
end

function done(summary, latency, requests)
   local errors = summary.errors
   local failed = errors.connect + errors.read + errors.write + errors.timeout
   for _, thread in ipairs(threads) do
      failed = failed + thread:get("wrong")
   end
   io.write(string.format('\n{"requests": %d, "seconds": %f, "wrong": %d}\n',
      summary.requests, summary.duration / 1e6, failed))
end
