-- Asks genuine-gateway whether a request may pass: `http-request lua.genuine RULE` in haproxy.cfg.
-- Where the gateway is stands in the environment: `setenv GENUINE http://127.0.0.1:8080`, before this is loaded.
--
-- HAProxy goes on after a script that fails. So what lets a request pass is the variable `txn.genuine_passed`, for which
-- haproxy.cfg looks, and it is set last.

local gateway = assert(os.getenv("GENUINE"), "GENUINE: the gateway's address is missing")

-- What the gateway reads of the client's; signature and signature-input for rules with evidence = "api_key". With session_header,
-- accounts.header, tokens.header or api_keys.header in the gateway's configuration, those as well: a header that is left out here is
-- as good as never sent.
local ASKED = {
    "authorization", "x-app-attest", "content-digest", "x-session", "x-client-version", "dpop", "user-agent", "signature",
    "signature-input", "x-request-id",
}

-- What the service gets to know.
local CLAIMS = {
    "x-genuine-device", "x-genuine-application", "x-genuine-counter", "x-genuine-content-digest", "x-genuine-verdict",
    "x-genuine-key", "x-genuine-scopes",
}

local UNDECIDED = '{"type":"about:blank","title":"The service cannot decide now; try again later.",'
    .. '"status":503,"code":"unavailable","retryable":true}'

-- The values of a header. HAProxy counts them from 0, and its HTTP client wants them from 1.
local function values(headers, name)
    local list, found = {}, headers[name]
    local index = 0
    while found and found[index] do
        list[#list + 1] = found[index]
        index = index + 1
    end
    return list
end

local function refuse(txn, status, headers, body)
    local reply = txn:reply { status = status, body = body }
    for name, value in pairs(headers) do
        reply:add_header(name, value)
    end
    txn:done(reply)
end

local function ask(txn, rule)
    local headers = txn.http:req_get_headers()
    local question = {
        ["x-forwarded-method"] = { txn.sf:method() },
        ["x-forwarded-uri"] = { txn.sf:pathq() },
        ["x-forwarded-for"] = { txn.sf:src() },
        ["x-forwarded-proto"] = values(headers, "x-forwarded-proto"),
    }
    for _, name in ipairs(ASKED) do
        local list = values(headers, name)
        if #list > 0 then
            question[name] = list
        end
    end

    local answer = core.httpclient():get {
        url = gateway .. "/authorize/" .. rule,
        headers = question,
        timeout = 10000,
    }
    local function said(name)
        return values(answer and answer.headers or {}, name)[1]
    end

    if answer and answer.status == 200 then
        -- A claim that is missing is an error here, and then the variable is not set. Where a rule lets other requests pass, theirs
        -- are empty.
        for _, name in ipairs(CLAIMS) do
            txn.http:req_set_header(name, said(name))
        end
        txn:set_var("txn.genuine_passed", true)
    elseif said("content-type") == "application/problem+json" and answer.status ~= 404 then
        local handed_on = {}
        for _, name in ipairs { "content-type", "www-authenticate", "retry-after", "cache-control", "x-request-id" } do
            handed_on[name] = said(name)
        end
        refuse(txn, answer.status, handed_on, answer.body)
    else
        -- The gateway is away, or there is no such rule: nobody decided.
        refuse(txn, 503, { ["content-type"] = "application/problem+json", ["retry-after"] = "1" }, UNDECIDED)
    end
end

core.register_action("genuine", { "http-req" }, ask, 1)
