*** Settings ***
Documentation       Acceptance tests of the keywords of `Databases`, on real servers.
