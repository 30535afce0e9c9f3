"""Azure DevOps: `ORGANISATION/_apis/connectionData`. What is not taken gets a page to sign in at,
with 203, unless that is suppressed."""

from forge import PAGE, answer, is_over

NOBODY = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"


def serve(request):
    token = request.token("basic")
    if token is not None and is_over(token):
        said = "Access%20Denied%3A%20The%20Personal%20Access%20Token%20used%20has%20expired."
        answer(401, "", "X-TFS-ServiceError: " + said)
    if token is None:
        answer(203, PAGE, kind="text/html")
    if request.path.split("/")[1] != "org":
        answer(404, {"message": "TF400813: no such organisation"})
    identifier = NOBODY if token.get("anonymous") else "11111111-2222-3333-4444-555555555555"
    account = {"Account": {"$type": "System.String", "$value": token["login"]}}
    user = {"id": identifier, "providerDisplayName": "Alice", "properties": account}
    answer(200, {"authenticatedUser": user, "authorizedUser": user, "instanceId": "1"})
