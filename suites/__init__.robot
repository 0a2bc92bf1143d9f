*** Settings ***
Documentation     Ten journeys of users of a real-time chat platform, on real services.

Resource          ../resources/platform.resource

Suite Setup       Ensure Platform Is Running
Suite Teardown    Stop Platform
