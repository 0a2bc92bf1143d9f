*** Settings ***
Documentation     The libraries' keywords, on real peers.
...               The look at a small chat mostly waits: it begins with all of them, and its suite finds it done.

Resource          draft/look.resource

Suite Setup       Ensure Look Has Begun
Suite Teardown    Terminate All Processes    kill=True
