# An app on smart-on-fhir's fhirclient: it prints where the browser goes, reads from its input where it came back, and prints what it reads.
import json
import os
import sys

from fhirclient import client
from fhirclient.models.coverage import Coverage
from fhirclient.models.explanationofbenefit import ExplanationOfBenefit
from fhirclient.models.observation import Observation

settings = {'app_id': os.environ['CLIENT_ID'], 'app_secret': os.environ.get('CLIENT_SECRET') or None, 'api_base': os.environ['FHIR'],
            'redirect_uri': os.environ['REDIRECT_URI'], 'scope': os.environ['SCOPE'], 'launch_token': os.environ.get('LAUNCH') or None}
smart = client.FHIRClient(settings=settings)
smart.prepare()
print(smart.authorize_url, flush=True)
smart.handle_callback(sys.stdin.readline().strip())
of = {'patient': smart.patient_id}
print(json.dumps({
    'name': smart.human_name(smart.patient.name[0]),
    'results': [o.code.text for o in Observation.where(struct=of).perform_resources(smart.server)],
    'coverage': [c.status for c in Coverage.where(struct=of).perform_resources(smart.server)],
    'claims': [float(e.total[0].amount.value) for e in ExplanationOfBenefit.where(struct=of).perform_resources(smart.server)],
}), flush=True)
